from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = "192.168.1.100"
MEMORY = "/dev/shm"  # noqa: S108  a file system in memory, for editors


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


class Cli:
    """Runs the command as a process of its own, in a repository."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository

    def __call__(self, *arguments: str, **more: Any) -> Done:  # noqa: ANN401  cwd, code, and the rest environment
        """Run a command; ``code`` is the exit code expected (None: any), ``cwd`` another directory to be in."""
        cwd, code = more.pop("cwd", self.repository), more.pop("code", 0)
        command = [sys.executable, "-m", "matrix_secrets", *arguments]
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **more},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        found = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert code is None or found.code == code, f"{arguments}: {found}"
        return found

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.repository, capture_output=True, text=True, check=True)
        return done.stdout

    def commit_all(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "as it is")

    def read(self, file: str) -> bytes:
        return (self.repository / file).read_bytes()

    def tree(self) -> dict[str, bytes]:
        """Every file of the work tree."""
        found = (path for path in self.repository.rglob("*") if path.is_file() and ".git" not in path.parts)
        return {str(path.relative_to(self.repository)): path.read_bytes() for path in found}

    def configure(self) -> Done:
        return self("configure", "--server-name", ADDRESS, "--node-ip", ADDRESS)
