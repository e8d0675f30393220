from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.errors import RefusedError
from matrix_secrets.transaction import FileWrite, apply, locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD = """
import sys, time
from pathlib import Path
from matrix_secrets.transaction import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read(1)
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def another_run(state: Path, linger: float = 0) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(state), str(linger)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_run_is_refused_by_name(tmp_path: Path) -> None:
    notices: list[str] = []
    with another_run(tmp_path / "state") as other:
        with (
            pytest.raises(RefusedError, match=f"another run \\(process {other.pid}\\) is at work") as caught,
            locked(tmp_path / "state", timeout=0.2, on_wait=notices.append),
        ):
            pytest.fail("held twice")
        assert caught.value.hint is not None
    assert notices == [f"process {other.pid}"]


def test_a_second_run_waits(tmp_path: Path) -> None:
    with another_run(tmp_path / "state", linger=0.3) as other:

        def let_go(_: str) -> None:
            assert other.stdin is not None
            other.stdin.write("x")
            other.stdin.flush()

        with locked(tmp_path / "state", on_wait=let_go):
            assert other.wait(timeout=10) == 0


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    with another_run(tmp_path / "state") as other:
        other.kill()
        other.wait()
        with locked(tmp_path / "state", timeout=0.2):
            pass


def test_it_nests(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with locked(state), locked(state, timeout=0):
        apply(tmp_path, state, [FileWrite(tmp_path / "a", None, b"x")])
    with another_run(state):
        pass


RACE = """
import sys
from pathlib import Path
from matrix_secrets.errors import RefusedError
from matrix_secrets.transaction import FileWrite, apply
root, me = Path(sys.argv[1]), sys.argv[2]
won = 0
for _ in range(20):
    files = [root / f"{n}.yaml" for n in range(4)]
    try:
        old = [path.read_bytes() for path in files]
        apply(root, root / "state", [FileWrite(p, o, me.encode() * 2000) for p, o in zip(files, old)])
        won += 1
    except RefusedError as error:
        assert "changed on disk meanwhile" in str(error), error
print(won)
"""


def test_two_at_once_never_mix(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.yaml").write_bytes(b"0" * 2000)
    command = [sys.executable, "-c", RACE, str(tmp_path)]
    runs = [subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in "ab"]
    outputs = [process.communicate(timeout=60)[0] for process in runs]
    assert [process.returncode for process in runs] == [0, 0]
    assert sum(int(output) for output in outputs) >= 2
    assert len({(tmp_path / f"{number}.yaml").read_bytes() for number in range(4)}) == 1
    assert list(tmp_path.glob(".*.tmp")) == []
