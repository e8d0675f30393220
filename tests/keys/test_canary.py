"""A private key never leaves its file: no output, log, argument, commit, or file that others can read has it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.keys.team import BOTH, Team, person

if TYPE_CHECKING:
    from collections.abc import Callable

SPY = """#!/bin/sh
{{ printf '%s\\n' "$0" "$@"; env; }} >>'{log}'
exec '{real}' "$@"
"""


def spied(folder: Path, *programs: str) -> dict[str, str]:
    """The environment in which each of these programs tells a log with what it is called."""
    folder.mkdir()
    for name in programs:
        real = next(path / name for path in map(Path, os.environ["PATH"].split(os.pathsep)) if (path / name).exists())
        (folder / name).write_text(SPY.format(log=folder / "log", real=real))
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def watched(either: Team, tmp_path: Path) -> Callable[..., None]:
    """Runs a command in three ways, with a directory for temporary files of its own; keeps what is said."""
    (tmp_path / "tmp").mkdir()
    watching = {"TMPDIR": str(tmp_path / "tmp"), **spied(tmp_path / "spies", "git", "sops")}

    def run(*words: str, **env: str) -> None:
        for flags in ((), ("--verbose",), ("--json",)):
            done = either(*words, *flags, code=None, **{**watching, **env})
            with (tmp_path / "said").open("a") as file:
                file.write(done.out + done.err)

    return run


def haystack(team: Team, tmp_path: Path) -> str:
    """Everything that was said, passed to a program, left behind or committed."""
    files = [tmp_path / "said", tmp_path / "spies" / "log"]
    files += [path for path in (tmp_path / "tmp").rglob("*") if path.is_file()]
    files += [path for path in team.repository.rglob("*") if path.is_file() and "objects" not in path.parts]
    return "".join([*(path.read_text(errors="replace") for path in files), team.git("log", "--all", "--patch")])


def test_no_identity_anywhere(either: Team, watched: Callable[..., None], tmp_path: Path) -> None:
    carol = person("carol", either.people)
    broken = either.people / "broken.txt"
    broken.write_text(carol.secret[:-3] + "\n")
    watched("keys", "add", "bob", either.bob.recipient, "--commit")
    watched("keys", "add", "mallory", either.bob.secret)
    watched("keys", "add", either.bob.secret, either.bob.recipient)
    watched("keys", "add", "mallory", f"  {carol.secret.lower()}")
    watched("keys", "add", "mallory", either.bob.recipient, carol.secret)
    watched("keys", "list")
    watched("keys", "remove", either.bob.secret)
    watched("keys", "remove", "bob", "--dry-run")
    watched("keys", "sync", "--yes")
    watched("keys", "remove", "bob", "--commit")
    watched("keys", "backup", str(either.people / "b.age"))
    watched("keys", "recover", str(carol.file), "--drill")
    watched("keys", "recover", str(carol.file))
    watched("keys", "generate", SOPS_AGE_KEY_FILE=str(carol.file))
    watched("keys", "recover", str(broken))
    watched("keys", "add", "bob", either.bob.recipient, SOPS_AGE_KEY_FILE=str(broken), HOME=str(tmp_path / "none"))
    found = haystack(either, tmp_path)
    assert "keys add" in found
    for secret in (either.me.secret, either.bob.secret, carol.secret):
        for spelled in (secret, secret.lower(), secret[20:60]):
            assert spelled not in found
    files = [path for path in (*either.people.rglob("*"), *Path(os.environ["HOME"]).rglob("*")) if path.is_file()]
    held = [path for path in files if b"AGE-SECRET-KEY-1" in path.read_bytes() and path != broken]
    assert len(held) >= 4
    assert not [path for path in held if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_values_never_leave_either(team: Team) -> None:
    plain = [
        place.partition(": ")[2].strip("\"' ")
        for file in BOTH
        for place in team("decrypt", file).out.splitlines()
        if any(word in place.lower() for word in ("password:", "secret:", "_key:", "digest_key:"))
    ]
    values = [value for value in plain if len(value) == 64]
    assert len(set(values)) == 4
    team.add_bob("--commit", "--verbose")
    for words in (("keys", "remove", "bob", "--dry-run"), ("keys", "remove", "bob", "--commit", "--verbose")):
        done = team(*words)
        for value in values:
            assert value not in done.out + done.err
