from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import Done
from tests.keys.team import BOTH, Team, person
from tests.keys.terminal import answering

PASSPHRASE = "correct horse battery staple"


def usual() -> Path:
    return Path(os.environ["XDG_CONFIG_HOME"]) / "sops" / "age" / "keys.txt"


def with_passphrase(team: Team, *arguments: str, passphrase: str = PASSPHRASE, code: int = 0) -> Done:
    """Run a command with the passphrase in file descriptor 3."""
    reading, writing = os.pipe()
    os.write(writing, f"{passphrase}\nnot this line\n".encode())
    os.close(writing)
    done = subprocess.run(
        [sys.executable, "-m", "matrix_secrets", *arguments, "--passphrase-fd", str(reading)],
        cwd=team.repository,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
        pass_fds=[reading],
    )
    os.close(reading)
    found = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert found.code == code, found
    assert not passphrase or passphrase not in found.out + found.err
    return found


@pytest.fixture
def backup(team: Team) -> Path:
    path = team.people / "backup.age"
    with_passphrase(team, "keys", "backup", str(path))
    return path


def test_a_backup_is_for_nobody_else_and_drilled(team: Team) -> None:
    path = team.people / "new" / "backup.age"
    done = with_passphrase(team, "keys", "backup", str(path), "--json").json
    assert done["opened"] == list(BOTH)
    assert done["recipients"] == [team.me.recipient]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("-----BEGIN AGE ENCRYPTED FILE-----")
    assert team.me.secret not in path.read_text()


def test_a_backup_overwrites_nothing_and_stays_out_of_the_repository(team: Team, backup: Path) -> None:
    before = backup.read_bytes()
    assert "never overwritten" in with_passphrase(team, "keys", "backup", str(backup), code=3).err
    assert backup.read_bytes() == before
    assert "not ignored" in with_passphrase(team, "keys", "backup", "backup.age", code=3).err
    assert not (team.repository / "backup.age").exists()


def test_recovered_where_sops_looks(team: Team, backup: Path) -> None:
    usual().unlink()
    team("decrypt", BOTH[0], code=3)
    done = with_passphrase(team, "keys", "recover", str(backup), "--json").json
    assert done["opened"] == list(BOTH)
    assert done["made"]
    assert stat.S_IMODE(usual().stat().st_mode) == 0o600
    team("decrypt", BOTH[0])
    again = with_passphrase(team, "keys", "recover", str(backup))
    assert "already" in again.out


def test_another_identity_is_never_overwritten(team: Team, backup: Path) -> None:
    usual().write_bytes(team.bob.file.read_bytes())
    done = with_passphrase(team, "keys", "recover", str(backup), code=3)
    assert "never overwritten" in done.err
    assert usual().read_bytes() == team.bob.file.read_bytes()
    out = team.people / "mine.txt"
    with_passphrase(team, "keys", "recover", str(backup), "--out", str(out))
    team("decrypt", BOTH[0], SOPS_AGE_KEY_FILE=str(out))


def test_only_a_drill(team: Team, backup: Path) -> None:
    usual().unlink()
    assert "opens 2 of 2" in with_passphrase(team, "keys", "recover", str(backup), "--drill").out
    assert not usual().exists()


def test_a_wrong_passphrase(team: Team, backup: Path) -> None:
    usual().unlink()
    done = with_passphrase(team, "keys", "recover", str(backup), passphrase="not-the-one-8274", code=3)
    assert "passphrase" in done.err
    assert not usual().exists()


def test_an_identity_that_opens_nothing_here(team: Team) -> None:
    path = team.people / "bob.age"
    done = with_passphrase(team, "keys", "backup", str(path), "--identity", str(team.bob.file), "--json", code=1).json
    assert done["opened"] == []
    usual().unlink()
    asked = with_passphrase(team, "keys", "recover", str(path), code=2)
    assert "--yes" in asked.err
    assert not usual().exists()


def test_outside_of_a_repository(team: Team, backup: Path) -> None:
    usual().unlink()
    done = with_passphrase(team, "-C", str(team.people), "keys", "recover", str(backup))
    assert "No drill" in done.err
    assert usual().exists()


def test_without_a_terminal_the_descriptor_is_named(team: Team, backup: Path) -> None:
    for command in (("backup", str(team.people / "x.age")), ("recover", str(backup))):
        assert "--passphrase-fd" in team("keys", *command, code=2).err
    assert with_passphrase(team, "keys", "backup", str(team.people / "x.age"), passphrase="", code=2).err


def test_a_new_identity_under_a_passphrase(team: Team) -> None:
    usual().unlink()
    done = with_passphrase(team, "keys", "generate", "--passphrase", "--json").json
    assert done["made"]
    assert usual().read_text().startswith("-----BEGIN AGE ENCRYPTED FILE-----")
    assert stat.S_IMODE(usual().stat().st_mode) == 0o600
    again = with_passphrase(team, "keys", "generate", "--json").json
    assert not again["made"]
    assert again["recipients"] == done["recipients"]


def test_somebody_without_an_age_identity_has_nothing_to_back_up(team: Team) -> None:
    usual().unlink()
    assert "keys generate" in with_passphrase(team, "keys", "backup", str(team.people / "x.age"), code=3).err


def test_a_file_of_several_identities(team: Team) -> None:
    both = team.people / "both.txt"
    both.write_text(f"# mine\n{team.me.secret}\n# his\n{person('bob', team.people).secret}\n")
    path = team.people / "both.age"
    done = with_passphrase(team, "keys", "backup", str(path), "--identity", str(both), "--json").json
    assert done["recipients"] == [team.me.recipient, team.bob.recipient]


def test_at_a_terminal_the_passphrase_is_asked_twice_and_not_shown(team: Team) -> None:
    path = team.people / "typed.age"
    words = ("keys", "backup", str(path))
    code, screen = answering(team.repository, words, [("New passphrase", "one"), ("same again", "other")])
    assert code == 2
    assert "not the same" in screen
    assert not path.exists()
    code, screen = answering(team.repository, words, [("New passphrase", PASSPHRASE), ("same again", PASSPHRASE)])
    assert code == 0
    assert PASSPHRASE not in screen
    usual().unlink()
    code, screen = answering(team.repository, ("keys", "recover", str(path)), [("Passphrase of", PASSPHRASE)])
    assert code == 0
    assert "opens 2 of 2" in screen
    assert usual().exists()


def test_an_identity_under_a_passphrase_reads_and_adds_once_it_is_typed(team: Team) -> None:
    usual().unlink()
    with_passphrase(team, "keys", "backup", str(usual()), "--identity", str(team.me.file))
    words = ("keys", "add", "bob", team.bob.recipient)
    assert team(*words, code=3).err
    code, screen = answering(team.repository, words, [("Passphrase of", PASSPHRASE)])
    assert code == 0, screen
    assert screen.count("Passphrase of") == 1
    team("decrypt", BOTH[0], **team.as_bob())
