"""One request to an API server, with deadlines; a read that finds nobody, or somebody busy, is tried again."""

from __future__ import annotations

import json
import time
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from matrix_secrets.cluster.failures import READING, Asked, UnreachableError, refusal, silence
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONNECT: Final = 5.0  # seconds
_ANSWER: Final = 15.0
_PAUSES: Final = (0.5, 1.5)  # seconds before a read is tried again; writes are tried once
_PATIENCE: Final = 20.0  # seconds after which a read is not tried again
_BUSY: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. ``body`` is JSON; it may hold secrets."""

    method: str
    path: str
    asked: Asked
    query: Mapping[str, str] = field(default_factory=dict)
    body: object = field(default=None, repr=False)
    content_type: str = "application/json"


def send(client: Any, server: str, request: Request) -> tuple[int, bytes]:  # noqa: ANN401  kubernetes ships no types
    """Send it; return 2xx and 404 as they are. Raises OutsideError for every other answer, and for none."""
    status, raw = _patiently(client, server, request)
    if status >= 300 and status != 404:
        raise refusal(request.asked, status, "", decoded(raw))
    return status, raw


def _patiently(client: Any, server: str, request: Request) -> tuple[int, bytes]:  # noqa: ANN401  the same
    begun = time.monotonic()
    for pause in _PAUSES if request.asked.verb in READING else ():
        try:
            status, raw = _once(client, server, request)
        except UnreachableError:
            if time.monotonic() - begun > _PATIENCE:
                raise
        else:
            if status not in _BUSY:
                return status, raw
        time.sleep(pause)
    return _once(client, server, request)


def decoded(raw: bytes) -> dict[str, Any]:
    """Read an answer as an object; what is none (a proxy's page) is empty."""
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _once(client: Any, server: str, request: Request) -> tuple[int, bytes]:  # noqa: ANN401  the same
    import urllib3  # noqa: PLC0415  comes with kubernetes: only where the cluster is asked

    body = None if request.body is None else json.dumps(request.body).encode()
    headers = {"Accept": "application/json, */*"} | ({"Content-Type": request.content_type} if body else {})
    try:
        answer = client.rest_client.pool_manager.request(
            request.method,
            f"{server}{request.path}" + (f"?{urlencode(request.query)}" if request.query else ""),
            body=body,
            headers={**headers, **_credentials(client.configuration)},
            timeout=urllib3.Timeout(connect=_CONNECT, read=_ANSWER),
            retries=False,
            redirect=False,
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise silence(request.asked, error) from None
    return answer.status, answer.data


def _credentials(configuration: Any) -> dict[str, str]:  # noqa: ANN401  the same
    settings = configuration.auth_settings().values()
    return {each["key"]: each["value"] for each in settings if each["in"] == "header" and each["value"]}
