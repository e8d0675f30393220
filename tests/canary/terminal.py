"""A command at a terminal of its own, where somebody types."""

from __future__ import annotations

import os
import pty
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def screen_of(argv: list[str], env: Mapping[str, str], *, prompt: bytes, typed: str) -> tuple[int, bytes]:
    """Run the command, type a line once the prompt stands there, and return exit code and all that was shown."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-m", "matrix_secrets", *argv], dict(env))  # noqa: S606
    shown, answered = b"", False
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux: the other side was closed
            break
        if not part:
            break
        shown += part
        if prompt in shown and not answered:
            answered = True
            os.write(terminal, typed.encode() + b"\n")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown
