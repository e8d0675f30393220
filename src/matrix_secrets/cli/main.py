"""``matrix-secrets``: the root command and the entry point."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

from matrix_secrets import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_MANY: Final = 100_000  # new objects between two looks for garbage: all that an import makes is kept, 10 ms saved
_INTERRUPTED: Final = 130


def entry() -> NoReturn:
    """Run the command line of this process and end it."""
    gc.set_threshold(_MANY)
    _open_streams()
    if sys.argv[1:] != ["--version"]:
        _stop_in_order()
    try:
        code = run(sys.argv[1:], os.environ)
    except KeyboardInterrupt:  # before the one place that says so, or after it
        code = _INTERRUPTED
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # said already, where it was written
            stream.flush()
    os._exit(code)  # every file is closed by now; taking the interpreter apart costs 15 ms


def run(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a command line and return the exit code; whatever happens is said on the output."""
    if list(argv) == ["--version"]:  # needs nothing that costs time to import
        sys.stdout.write(f"matrix-secrets {__version__}\n")
        return 0
    from matrix_secrets.cli.root import run_command  # noqa: PLC0415

    return run_command(list(argv), env)


def _open_streams() -> None:
    """Give a stream that the caller closed somewhere to go: the next file opened would get its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8"))


def _stop_in_order() -> None:
    """Let SIGTERM and a lost terminal stop a command as Ctrl-C does: what is in memory for an editor is removed."""
    import signal  # noqa: PLC0415  not for --version

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # with nohup it is not
            signal.signal(number, signal.default_int_handler)
