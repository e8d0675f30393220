from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from tests.cli.running import Cli

RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}\n")


def usual() -> Path:
    return Path(os.environ["XDG_CONFIG_HOME"]) / "sops" / "age" / "keys.txt"


def test_the_recipient_is_all_that_is_printed(empty: Cli) -> None:
    done = empty("keys", "generate")
    assert RECIPIENT.fullmatch(done.out)
    assert "AGE-SECRET-KEY" not in done.err
    assert "A new identity is in" in done.err
    assert stat.S_IMODE(usual().stat().st_mode) == 0o600
    assert f"# public key: {done.out}" in usual().read_text()


def test_the_second_run_changes_nothing(empty: Cli) -> None:
    first = empty("keys", "generate").out
    key = usual().read_bytes()
    again = empty("keys", "generate")
    assert again.out == first
    assert "already have" in again.err
    assert usual().read_bytes() == key
    found = empty("keys", "generate", "--json").json
    assert found["recipients"] == [first.strip()]
    assert not found["made"]


def test_it_needs_no_repository(tmp_path: Path) -> None:
    assert RECIPIENT.fullmatch(Cli(tmp_path)("keys", "generate").out)


def test_sops_age_key_file_says_where(empty: Cli, tmp_path: Path) -> None:
    empty("keys", "generate", SOPS_AGE_KEY_FILE=str(tmp_path / "mine.txt"))
    assert (tmp_path / "mine.txt").exists()
    assert not usual().exists()


def test_out_never_writes_over_a_file(empty: Cli, tmp_path: Path) -> None:
    empty("keys", "generate", "--out", str(tmp_path / "new" / "key"))
    key = (tmp_path / "new" / "key").read_bytes()
    done = empty("keys", "generate", "--out", str(tmp_path / "new" / "key"), code=3)
    assert "never overwritten" in done.err
    assert (tmp_path / "new" / "key").read_bytes() == key


@pytest.mark.parametrize("there", ["", "# nothing\n", "AGE-SECRET-KEY-1NONSENSE\n"])
def test_a_file_without_a_usable_key_is_left_alone(there: str, empty: Cli) -> None:
    usual().parent.mkdir(parents=True)
    usual().write_text(there)
    assert "NONSENSE" not in empty("keys", "generate", code=3).err
    assert usual().read_text() == there


def test_never_inside_the_work_tree_unless_ignored(empty: Cli) -> None:
    done = empty("keys", "generate", "--out", "private/key", code=3)
    assert "not ignored" in done.err
    assert not (empty.repository / "private").exists()
    (empty.repository / ".gitignore").write_text("/private/\n")
    empty("keys", "generate", "--out", "private/key")
    assert (empty.repository / "private" / "key").exists()
    assert not empty.git("ls-files", "--others", "--exclude-standard").count("key")
