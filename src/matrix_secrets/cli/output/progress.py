"""A line that says what is being done and for how long, once that is worth a line."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matrix_secrets.cli.output.terminal import Terminal

WORTH_A_LINE: Final = 0.5  # seconds


@contextmanager
def working(terminal: Terminal, what: str | Callable[[], str]) -> Iterator[None]:
    """Show ``what``, which may change as it goes, with a clock while the block runs, after half a second of it.

    Only on a terminal.
    """
    if not terminal.interactive or not terminal.color:
        yield
        return
    over = threading.Event()
    clock = threading.Thread(target=_show, args=(terminal, what, over), daemon=True)
    clock.start()
    try:
        yield
    finally:
        over.set()
        clock.join()


def _show(terminal: Terminal, what: str | Callable[[], str], over: threading.Event) -> None:
    begun = time.monotonic()
    if over.wait(WORTH_A_LINE):
        return
    from rich.console import Console  # noqa: PLC0415  0.05 s, only for who waits
    from rich.status import Status  # noqa: PLC0415

    console = Console(file=terminal.stream)
    with Status(_text(what), console=console) as status:
        while not over.wait(0.1):
            status.update(f"{_text(what)}  {time.monotonic() - begun:.0f} s")


def _text(what: str | Callable[[], str]) -> str:
    return what if isinstance(what, str) else what()
