"""The fault harness: a rotation killed, or made to fail, before and after everything that it does outside."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rotation.home import NAMES
from tests.rotation.points import ABORT, RESUME, SAME, SECOND, Case, cases
from tests.rotation.stopped import KILLED, Point

if TYPE_CHECKING:
    import pytest

    from tests.cli.running import Cli
    from tests.rotation.home import Home

TOP = Path(__file__).parents[2]
WIDTHS = (66, 24, 22)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each case."""
    if "case" in metafunc.fixturenames:
        chosen = list(cases(every=metafunc.config.getoption("--every-point")))
        metafunc.parametrize("case", chosen, ids=[f"{case}; {case.way}, {case.clone}" for case in chosen])


def stopped(cli: Cli, command: str, point: Point) -> None:
    """Run a command up to a point, in a process of its own."""
    arguments = [sys.executable, "-m", "tests.rotation.stopped", str(cli.repository), command, *point]
    done = subprocess.run(arguments, cwd=TOP, capture_output=True, text=True, check=False, timeout=300)
    expected = KILLED if point.how == "kill" else 4
    assert done.returncode == expected, f"{command}, {point}: {done.stdout}{done.stderr}"
    if point.how == "fail" and point.act != "create_branch":
        over = point.act == "follow"
        assert ("no rotation is in flight any more" if over else "in force now: main: ") in done.stderr
        assert ("--status" if over else "--resume") in done.stderr


def test_one_command_gets_home(sealed_home: Home, case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    home, begun = sealed_home, time.monotonic()
    before = home.values()
    stopped(home.cli, "rotate", case.begun)
    stood = _status(home)
    if case.then is not None:
        stopped(home.second, *case.then)
        stood += f", {_status(home)}"
    cli = home.cli if case.clone == SAME else home.second
    done = cli("rotate", f"--{case.way}", code=None)
    assert done.code == 0, done
    home.up_to_date()
    home.works()
    _judge(case, before, home.values())
    row = (str(case), f"stood at {stood}", f"{case.way}, {case.clone}")
    with capsys.disabled():
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, WIDTHS, strict=True))
        sys.stdout.write(f"\n{line}  {time.monotonic() - begun:3.0f} s ")


def _status(home: Home) -> str:
    return str(home.cli("rotate", "--status", "--json").json["state"])


def _judge(case: Case, before: dict[str, str], after: dict[str, str]) -> None:
    """The new values after a resume, the old ones after an abort; where nothing was left to do, what it had become."""
    changed = [name for name in NAMES if before[name] != after[name]]
    assert changed in ([], list(NAMES)), "all of them, or none"
    if case.nothing_left:
        assert bool(changed) == (case.then is None and case.begun.act != "create_branch")
    else:
        assert bool(changed) == (case.way == RESUME and not case.turned)


def test_there_are_enough_points() -> None:
    assert len({str(case) for case in cases(every=False)}) >= 32, "and a dozen outages beside them"
    assert len({str(case) for case in cases(every=True)}) >= 40
    assert {case.clone for case in cases(every=False)} == {SAME, SECOND}
    assert {case.way for case in cases(every=False)} == {RESUME, ABORT}
