"""The runner's other end, and what one run left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.canary.markers import Markers

SOURCE = Path(__file__).parent.parent.parent / "src"


@dataclass(frozen=True)
class Trace:
    """A run: exit code, output, and the runner's notes."""

    code: int
    out: bytes
    err: bytes
    notes: list[dict[str, Any]] = field(repr=False)

    def of(self, event: str) -> list[dict[str, Any]]:
        return [note for note in self.notes if note["event"] == event]


@dataclass
class Place:
    """Where a run happens: a repository, a home and a directory for temporary files, all of its own."""

    directory: Path

    @property
    def repository(self) -> Path:
        return self.directory / "cluster"

    @property
    def home(self) -> Path:
        return self.directory / "home"

    @property
    def temporary(self) -> Path:
        return self.directory / "tmp"

    @property
    def secret(self) -> Path:
        """What belongs to nobody: the passphrase's file, editors, backups, other people's keys."""
        return self.directory / "secret"

    def file(self, name: str) -> Path:
        return self.repository / name

    def replace(self, name: str, old: str, new: str) -> None:
        text = self.file(name).read_text()
        assert old in text, (name, old)
        self.file(name).write_text(text.replace(old, new))

    def git(self, *words: str) -> bytes:
        return subprocess.run(["git", *words], cwd=self.repository, capture_output=True, check=True).stdout

    def objects(self) -> bytes:
        """Every object of the repository, and of the one it pushes to."""
        words = ("cat-file", "--batch-all-objects", "--batch", "--unordered")
        return self.git(*words) + self.git("-C", str(self.secret / "remote.git"), *words)


class Runner:
    """Runs command lines one after the other."""

    def __init__(self, markers: Markers) -> None:
        self._forms = {name: [form.decode() for form in forms] for name, forms in markers.forms().items()}
        script = Path(__file__).with_name("runner.py")
        env = {**os.environ, "PYTHONPATH": str(SOURCE)}
        self._process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True
        )

    def run(self, place: Place, argv: list[str], env: dict[str, str]) -> Trace:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        record = place.directory / "record"
        record.mkdir(exist_ok=True)
        for old in record.iterdir():
            old.unlink()
        request = {
            "argv": argv,
            "env": env,
            "cwd": str(place.repository),
            "out": str(record / "out"),
            "err": str(record / "err"),
            "notes": str(record / "notes"),
            "passphrase": str(place.secret / "passphrase"),
            "forms": self._forms,
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        notes = [json.loads(line) for line in (record / "notes").read_text().splitlines()]
        return Trace(code, (record / "out").read_bytes(), (record / "err").read_bytes(), notes)

    def close(self) -> None:
        with self._process as process:  # closes its pipes, and waits
            pass
        assert process.returncode == 0
