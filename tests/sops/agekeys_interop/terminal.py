"""Run a program on a terminal of its own and answer its passphrase prompt: age and sops read it from there only."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# In a process of its own: forking the tests' one, which has threads, is not safe.
ON_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


def run_and_answer(command: Sequence[str], env: Mapping[str, str], answer: str) -> tuple[int, str]:
    """Return exit code and everything that stood on the terminal."""
    shown = b""
    answered = False
    with subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, *command], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while chunk := os.read(process.stdout.fileno(), 65536):
            shown += chunk
            if not answered and b"passphrase" in shown.lower() and b":" in shown.lower().partition(b"passphrase")[2]:
                answered = True
                process.stdin.write(answer.encode() + b"\n")
                process.stdin.flush()
    return process.returncode, shown.decode(errors="replace")
