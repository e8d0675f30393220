"""Whatever the testbed started ends with it, however it ends: ``make cluster`` as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.testbed.programs import CONTROL_PLANE, SERVICES, find

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.needs(*CONTROL_PLANE, *SERVICES, "root")


@pytest.fixture
def cluster_command(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    cache = find("etcd")["etcd"].parents[3]  # this test's own home has no parts
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "TMPDIR": str(tmp_path), "PYTHONPATH": "."}
    command = [sys.executable, "tools/cluster.py"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def state(pid: int) -> tuple[str, int, str]:
    """A process's state, its parent and when it started; an empty state when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "", 0, ""
    return fields[0], int(fields[1]), fields[19]


def descendants(pid: int) -> set[tuple[int, str]]:
    """Every process below one, with the time it started."""
    parents = {int(entry.name): state(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found, new = set(), {pid}
    while new:
        new = {child for child, (_, parent, _) in parents.items() if parent in new}
        found |= {(child, parents[child][2]) for child in new}
    return found


def alive(process: tuple[int, str]) -> bool:
    now, _, started = state(process[0])
    return started == process[1] and now not in {"", "Z"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left(cluster_command: subprocess.Popen[str], number: signal.Signals, tmp_path: Path) -> None:
    assert cluster_command.stdout is not None
    for line in cluster_command.stdout:
        if "Ctrl-C" in line:
            break
    end = time.monotonic() + 180
    # The control plane, and the first pods. A process that is just being started cannot know yet that it should end.
    before: set[tuple[int, str]] = set()
    while len(started := descendants(cluster_command.pid)) < 9 or started != before:
        assert time.monotonic() < end, started
        before = started
        time.sleep(2)
    cluster_command.send_signal(number)
    cluster_command.wait(120)
    while left := {process for process in started if alive(process)}:
        assert time.monotonic() < end + 180, left
        time.sleep(0.1)
    assert number == signal.SIGKILL or list(tmp_path.iterdir()) == []
