"""Programs that are started, waited for, and ended by their own process ids; what they print is kept."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# The kernel ends a program whose starter is gone, killed or not (setpriv(1); it replaces itself by the program).
DIES_WITH_US = (shutil.which("setpriv") or "setpriv", "--pdeathsig", "KILL", "--")
POLL = 0.05  # seconds


class NotReadyError(AssertionError):
    """A program ended, or did not answer in time; the text holds the end of what it printed."""


@dataclass
class Process:
    """One running program and the file with its output."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, ready: Callable[[], bool], seconds: float = 240) -> None:
        """Wait for a condition. Raises NotReadyError."""
        end = time.monotonic() + seconds
        while not ready():
            if self.popen.poll() is not None:
                raise NotReadyError(f"{self.name} ended with {self.popen.returncode}\n{tail(self.log)}")
            if time.monotonic() > end:
                raise NotReadyError(f"{self.name} was not ready within {seconds} s\n{tail(self.log)}")
            time.sleep(POLL)

    def stop(self, seconds: float = 10) -> None:
        """SIGTERM, and SIGKILL when that does not end it in time."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


@dataclass
class Processes:
    """Every program one testbed started, in order."""

    logs: Path
    running: list[Process] = field(default_factory=list)

    def start(
        self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Process:
        """Start a program in the calling thread, which must live at least as long as the program may."""
        log = self.logs / f"{name}.log"
        with log.open("ab") as output:
            popen = subprocess.Popen(
                [*DIES_WITH_US, *command], env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        process = Process(name, popen, log)
        self.running.append(process)
        return process

    def stop(self, process: Process) -> None:
        self.running.remove(process)
        process.stop()

    def kill(self, process: Process) -> None:
        """End it at once, without asking."""
        self.running.remove(process)
        process.popen.kill()
        process.popen.wait()

    def stop_all(self, seconds: float = 10) -> None:
        """SIGTERM for all, the last one started first; SIGKILL for what is left after a while."""
        for process in reversed(self.running):
            process.popen.terminate()
        end = time.monotonic() + seconds
        for process in reversed(self.running):
            process.stop(max(end - time.monotonic(), 0))
        self.running.clear()


def tail(log: Path, lines: int = 25) -> str:
    """The end of a log, shortened line by line."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(f"    {line[:400]}" for line in text.splitlines()[-lines:])
