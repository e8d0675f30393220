"""A line that says what is being done and for how long, once that is worth a line."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.status import Status

    from matrix_secrets.cli.output.terminal import Terminal

WORTH_A_LINE: Final = 0.5  # seconds
_TURN: Final = 0.1


class Clock:
    """Shows on a terminal, and only there, what is being done; a question makes it go away for a while."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._shows = terminal.interactive and terminal.color
        self._asking = threading.Event()
        self._away = threading.Event()
        self._away.set()

    @contextmanager
    def working(self, what: str | Callable[[], str]) -> Iterator[None]:
        """Show ``what``, which may change as it goes, while the block runs, after half a second of it."""
        if not self._shows:
            yield
            return
        over = threading.Event()
        thread = threading.Thread(target=self._show, args=(what, over), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Show nothing while the block runs: it asks a question."""
        self._asking.set()
        try:
            self._away.wait()
            yield
        finally:
            self._asking.clear()

    def _show(self, what: str | Callable[[], str], over: threading.Event) -> None:
        status: Status | None = None
        shown_for = 0.0
        begun = time.monotonic()
        self._away.clear()
        try:
            while not over.wait(_TURN):
                if self._asking.is_set():
                    _stop(status)
                    status = None
                    self._away.set()
                    begun = time.monotonic() - shown_for  # the person's time is not ours
                    continue
                self._away.clear()
                shown_for = time.monotonic() - begun
                if shown_for >= WORTH_A_LINE:
                    status = status or self._started(_text(what))
                    status.update(f"{_text(what)}  {shown_for:.0f} s")
        finally:
            _stop(status)
            self._away.set()

    def _started(self, text: str) -> Status:
        from rich.console import Console  # noqa: PLC0415  0.05 s, only for who waits
        from rich.status import Status  # noqa: PLC0415

        status = Status(text, console=Console(file=self._terminal.stream))
        status.start()
        return status


def _stop(status: Status | None) -> None:
    if status is not None:
        status.stop()


def _text(what: str | Callable[[], str]) -> str:
    return what if isinstance(what, str) else what()
