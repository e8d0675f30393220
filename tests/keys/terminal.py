"""Run a command on a terminal of its own and answer its prompts, each once it is shown."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# In a process of its own: forking the tests' one, which has threads, is not safe.
ON_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


def answering(repository: Path, words: Sequence[str], answers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """Return exit code and screen. ``answers`` are pairs of what a prompt says and what is typed then."""
    command = [sys.executable, "-c", ON_A_TERMINAL, sys.executable, "-m", "matrix_secrets", *words]
    left = list(answers)
    screen, seen = b"", 0
    with subprocess.Popen(command, cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while chunk := os.read(process.stdout.fileno(), 65536):
            screen += chunk
            if left and (found := screen.find(left[0][0].encode(), seen)) >= 0:
                seen = found + len(left[0][0])
                process.stdin.write(left.pop(0)[1].encode() + b"\n")
                process.stdin.flush()
    return process.returncode, screen.decode(errors="replace")
