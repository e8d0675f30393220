"""Logged-in users at work during a rotation: every request with its outcome, every message that was acknowledged."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from tests.rotation.home import Home

PAUSE = 0.25  # seconds between two requests of a user


class Request(NamedTuple):
    """One request. ``ended`` is wall-clock time; ``why`` is empty where it was answered well."""

    what: str
    began: datetime
    ended: datetime
    why: str


@dataclass
class User:
    """A user who reads and writes through the database, one request after the other, until told to stop."""

    home: Home
    name: str
    token: str = field(repr=False)
    room: str = ""
    requests: list[Request] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    _end: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        status, answer = self._ask("POST", "/_matrix/client/v3/createRoom", {"preset": "private_chat"})
        assert status == 200, answer
        self.room = str(answer["room_id"])
        self._thread = Thread(target=self._work, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    @property
    def failed(self) -> list[Request]:
        return [each for each in self.requests if each.why]

    def gap(self) -> float:
        """Seconds from the last answer before the longest silence to the first one after it."""
        good = [each.ended for each in self.requests if not each.why]
        return max((late - early).total_seconds() for early, late in pairwise(good))

    def lost(self) -> list[str]:
        """Acknowledged messages that cannot be read any more."""
        path = f"/_matrix/client/v3/rooms/{quote(self.room)}/event/"
        return [event for event in self.acknowledged if self._ask("GET", path + quote(event))[0] != 200]

    def knows_who_it_is(self) -> bool:
        """Whether the access token from before is still good."""
        return self._ask("GET", "/_matrix/client/v3/account/whoami")[0] == 200

    def _work(self) -> None:
        number = 0
        while not self._end.is_set():
            number += 1
            self._once("write", number)
            self._once("read", number)
            self._end.wait(PAUSE)

    def _once(self, what: str, number: int) -> None:
        began = datetime.now(UTC)
        try:
            status, answer = self._write(number) if what == "write" else self._read()
            why = "" if status == 200 else f"{status}"
        except (OSError, ValueError) as error:
            status, answer, why = 0, {}, type(error).__name__
        self.requests.append(Request(what, began, datetime.now(UTC), why))
        if what == "write" and status == 200:
            self.acknowledged.append(str(answer["event_id"]))

    def _write(self, number: int) -> tuple[int, dict[str, Any]]:
        path = f"/_matrix/client/v3/rooms/{quote(self.room)}/send/m.room.message/{self.name}{number}"
        return self._ask("PUT", path, {"msgtype": "m.text", "body": f"message {number}"})

    def _read(self) -> tuple[int, dict[str, Any]]:
        return self._ask("GET", f"/_matrix/client/v3/rooms/{quote(self.room)}/messages?dir=b&limit=2")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.home.address}{path}", data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status), json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return int(error.code), {}


@dataclass
class Watch:
    """Looks at Synapse's pods all the time: when the first one was told to stop."""

    home: Home
    told: datetime | None = None
    _end: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self._thread = Thread(target=self._look, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join(30)

    def _look(self) -> None:
        while not self._end.is_set() and self.told is None:
            for pod in self.home.cluster.api.list("v1/Pod", "matrix", label_selector="app=synapse"):
                meta = pod["metadata"]
                if meta.get("deletionTimestamp"):
                    # The API server sets it to the end of the grace period, in whole seconds.
                    ends = datetime.fromisoformat(meta["deletionTimestamp"])
                    self.told = ends - timedelta(seconds=int(meta.get("deletionGracePeriodSeconds") or 0))
            time.sleep(0.1)
