"""The fault harness: a rotation killed, or made to fail, before and after everything that it does outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.rotation.home import NAMES
from tests.rotation.points import ABORT, RESUME, SAME, SECOND, Case, cases
from tests.rotation.stopped import KILLED, Point

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from tests.cli.running import Cli
    from tests.rotation.home import Home

WIDTHS = (3, 62, 22, 22, 6)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120


def stopped(cli: Cli, command: str, point: Point) -> None:
    """Run a command up to a point, in a process of its own."""
    arguments = [sys.executable, "-m", "tests.rotation.stopped", str(cli.repository), command, *point]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    expected = KILLED if point.how == "kill" else 4
    assert done.returncode == expected, f"{command}, {point}: {done.stdout}{done.stderr}"
    if point.how == "fail":
        assert "in force" in done.stderr or point.act == "create_branch", done.stderr
        assert "--resume" in done.stderr or point.act == "create_branch", done.stderr


def test_whatever_stops_it_one_command_gets_home(
    sealed_home: Home, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    home = sealed_home
    home.works()
    chosen = list(cases(every=request.config.getoption("--every-point")))
    rows: list[tuple[str, ...]] = []
    for number, case in enumerate(chosen, 1):
        begun = time.monotonic()
        before = home.values()
        stopped(home.cli, "rotate", case.begun)
        stood = _status(home)
        if case.then is not None:
            stopped(home.second, *case.then)
            stood += f", {_status(home)}"
        cli = home.cli if case.clone == SAME else home.second
        done = cli("rotate", f"--{case.way}", code=None)
        assert done.code == 0, f"{case}: {done}"
        _same_commit(home)
        home.works()
        after = home.values()
        _judge(case, before, after)
        seconds = time.monotonic() - begun
        rows.append((str(number), str(case), stood, f"{case.way}, {case.clone}", f"{seconds:.0f} s"))
        with capsys.disabled():
            _show(rows[-1])


def _status(home: Home) -> str:
    return str(home.cli("rotate", "--status", "--json").json["state"])


def _same_commit(home: Home) -> None:
    for cli in (home.cli, home.second):
        cli.git("pull", "--quiet", "--ff-only")


def _judge(case: Case, before: dict[str, str], after: dict[str, str]) -> None:
    """The new values after a resume, the old ones after an abort; where nothing was left to do, what it had become."""
    changed = [name for name in NAMES if before[name] != after[name]]
    assert changed in ([], list(NAMES)), "all of them, or none"
    over = case.begun.act == "follow" or case.begun == ("delete_branch", "after", "kill")
    never = case.begun[:2] == ("create_branch", "before")
    if case.way == RESUME or over:
        assert bool(changed) != never
    if case.way == ABORT and not over:
        assert not changed


def _show(row: Sequence[str]) -> None:
    """A line of the table, as it comes: where it was stopped, where that left it, and what led home."""
    line = "  ".join(cell.ljust(width) for cell, width in zip(row, WIDTHS, strict=True))
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def test_there_are_enough_points() -> None:
    assert len(list(cases(every=False))) >= 30
    assert len(list(cases(every=True))) >= 120
    assert {case.clone for case in cases(every=False)} == {SAME, SECOND}
