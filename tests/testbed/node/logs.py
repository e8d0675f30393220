"""A container's output in the format that the kubelet keeps it in, so that ``kubectl logs`` shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


@dataclass
class Log:
    """One run's output: lines of ``TIME STREAM F TEXT``."""

    file: Path
    _reader: Thread | None = None

    def __post_init__(self) -> None:
        self.file.touch()

    def follow(self, process: subprocess.Popen[bytes]) -> None:
        """Write down what a program prints, until nobody holds its output open."""
        self._reader = Thread(target=self._copy, args=(process,), name=f"log of {process.pid}", daemon=True)
        self._reader.start()

    def _copy(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with self.file.open("ab") as out, process.stdout as lines:
            for line in lines:
                stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
                out.write(f"{stamp} stdout F ".encode() + line.rstrip(b"\n") + b"\n")
                out.flush()

    def close(self) -> None:
        """Wait for the last line."""
        if self._reader is not None:
            self._reader.join(5)

    def text(self) -> str:
        """What was printed, without the times."""
        lines = self.file.read_text(errors="replace").splitlines()
        return "\n".join(line.split(" ", 3)[-1] for line in lines)

    def end(self) -> str:
        return self.text()[-2048:]
