"""Commands run by turns, with a clock and a look at their memory."""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


class BenchError(Exception):
    """A command that was to be measured failed."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is run, where, and what has to be put in place before each time (which is not measured)."""

    words: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    before: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians of the wall-clock and of the processor's time, in seconds, and the largest resident size, in MiB."""

    seconds: float
    processor: float
    mebibytes: float


def by_turns(commands: Sequence[Command], rounds: int) -> list[Cost]:
    """Run the commands one after the other, again and again: what slows the machine down hits them alike."""
    times: list[list[tuple[float, float]]] = [[] for _ in commands]
    sizes = [0.0] * len(commands)
    for _ in range(rounds):
        for number, command in enumerate(commands):
            if command.before is not None:
                command.before()
                os.sync()  # what it wrote is not to be paid for by who syncs first
            seconds, processor, size = _run(command)
            times[number].append((seconds, processor))
            sizes[number] = max(sizes[number], size)
    return [_median(found, size) for found, size in zip(times, sizes, strict=True)]


def _median(found: Sequence[tuple[float, float]], size: float) -> Cost:
    return Cost(
        statistics.median(seconds for seconds, _ in found), statistics.median(other for _, other in found), size
    )


def loop(program: Sequence[str], files: Sequence[str]) -> list[str]:
    """A shell's loop that runs a program once for each file."""
    return ["sh", "-c", f'for file do {shlex.join(program)} "$file" || exit; done', "sh", *files]


def _run(command: Command) -> tuple[float, float, float]:
    begun = time.perf_counter()
    with subprocess.Popen(
        command.words, cwd=command.cwd, env=command.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        said = b"" if process.stderr is None else process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        shown = " ".join(command.words)[:200]
        message = f"{shown} ended with exit code {process.returncode}: {said.decode(errors='replace').strip()[-500:]}"
        raise BenchError(message)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
