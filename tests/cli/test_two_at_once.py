"""Two runs at once in one repository: one after the other, or one is refused; never a mixture."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.keys.team import BOTH, GUIDE, Team, done_once

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROUNDS = 3
OTHERS = (
    "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
    "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun",
)


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    monkeypatch.setenv("MATRIX_SECRETS_ENGINE", "builtin")
    done_once(tmp_path)
    return Team(tmp_path / "cluster", tmp_path / "people")


def at_once(team: Team, *commands: Sequence[str]) -> list[int]:
    """Run commands at the same time; their exit codes."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "matrix_secrets", *command],
            cwd=team.repository,
            env=os.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for command in commands
    ]
    return [process.wait() for process in running if process.communicate() is not None]


def clean(team: Team) -> None:
    team.git("checkout", "--quiet", "--", ".")


def readers(team: Team) -> dict[str, set[str]]:
    """Who reads what: for each recipient the encrypted files and, as ``rule 1``, the rules."""
    rows = team("keys", "list", "--json").json["recipients"]
    return {row["recipient"]: {*row["files"], *(f"rule {number}" for number in row["rules"])} for row in rows}


def test_two_that_add_somebody(team: Team) -> None:
    added: set[int] = set()
    for _ in range(ROUNDS):
        commands = [("keys", "add", f"person {at}", key) for at, key in enumerate(OTHERS)]
        codes = at_once(team, *commands)
        assert set(codes) <= {0, 3}
        found = readers(team)
        for key, code in zip(OTHERS, codes, strict=True):
            assert found.get(key, set()) == ({*BOTH, "rule 1"} if code == 0 else set())
        added.add(codes.count(0))
        clean(team)
    assert 0 not in added


def test_two_that_generate(team: Team) -> None:
    for _ in range(ROUNDS):
        for file in BOTH:
            (team.repository / file).write_bytes((GUIDE / file).read_bytes())
        codes = at_once(team, ("generate",), ("generate",))
        assert set(codes) <= {0, 3}
        assert 0 in codes
        secrets = team("show", "--json").json["secrets"]
        assert {secret["agrees"] for secret in secrets} == {True}
