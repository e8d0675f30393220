"""Files with keys that are not age's: PGP by the real gpg, and KMS, which nothing here can reach."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.keys.team import BOTH, POSTGRES, Team

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KMS = (
    "  kms:\n    - arn: arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000\n"
    '      aws_profile: ""\n      created_at: "2026-01-01T00:00:00Z"\n      enc: AQICAHg=\n'
)


@dataclass(frozen=True)
class Pgp:
    """A keyring of its own with one key."""

    home: Path
    fingerprint: str


@pytest.fixture(scope="session")
def pgp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pgp]:
    # A socket's path may have 108 characters at most: the agent's stands in this directory.
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    env = {"HOME": str(home), "GNUPGHOME": str(home), "PATH": os.environ["PATH"]}
    user = "Test <test@example.org>"
    command = ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", user, "default", "default", "never"]
    subprocess.run(command, check=True, capture_output=True, env=env)
    listed = subprocess.run(
        ["gpg", "--list-keys", "--with-colons"], check=True, capture_output=True, text=True, env=env
    )
    fingerprint = next(line.split(":")[9] for line in listed.stdout.splitlines() if line.startswith("fpr:"))
    yield Pgp(home, fingerprint)
    subprocess.run(["gpgconf", "--kill", "all"], check=False, env=env)


@pytest.fixture
def mixed(job_by_sops: Path, tmp_path: Path, sops_binary: Path, pgp: Pgp, monkeypatch: pytest.MonkeyPatch) -> Team:
    """Every file is encrypted for an age identity and a PGP key."""
    for name in ("cluster", "people"):
        shutil.copytree(job_by_sops / name, tmp_path / name)
    monkeypatch.setenv("PATH", f"{sops_binary.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GNUPGHOME", str(pgp.home))
    team = Team(tmp_path / "cluster", tmp_path / "people", sops_binary)
    team.edit(".sops.yaml", "    age:\n", f"    pgp: {pgp.fingerprint}\n    age:\n")
    plain = {file: team("decrypt", file).out for file in BOTH}
    for file, text in plain.items():
        (team.repository / file).write_text(text)
    team("encrypt", *BOTH)
    team.commit_all()
    return team


def by_pgp(team: Team, file: str) -> subprocess.CompletedProcess[str]:
    """Decrypt with the PGP key alone."""
    env = {"PATH": os.environ["PATH"], "GNUPGHOME": os.environ["GNUPGHOME"], "HOME": str(team.people)}
    return subprocess.run(
        [team.sops_program or "", "decrypt", file],
        cwd=team.repository,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("engine", ["builtin", "binary"])
def test_adding_keeps_the_other_keys(mixed: Team, engine: str) -> None:
    mixed("keys", "add", "bob", mixed.bob.recipient, "--engine", engine)
    assert mixed.opens(mixed.bob, *BOTH) == [True, True]
    assert mixed.opens(mixed.me, *BOTH) == [True, True]
    assert [by_pgp(mixed, file).returncode for file in BOTH] == [0, 0]
    assert [line[0] for line in mixed.git("diff", "--unified=0").splitlines() if line[:3] not in ("---", "+++")].count(
        "-"
    ) == 0


def test_removing_through_the_real_sops(mixed: Team) -> None:
    mixed.add_bob("--commit")
    plain = {file: mixed.sops("decrypt", file).stdout for file in BOTH}
    done = mixed("keys", "remove", "bob", "--engine", "binary", "--json").json
    assert all(row["tried"] and row["opened"] == 0 < row["ciphertexts"] for row in done["attack"])
    assert mixed.opens(mixed.bob, *BOTH) == [False, False]
    for file in BOTH:
        assert mixed.sops("decrypt", file).stdout == plain[file]
        assert by_pgp(mixed, file).stdout == plain[file]


def test_removing_without_sops_is_refused_by_name(mixed: Team) -> None:
    mixed.add_bob()
    tree = mixed.tree()
    done = mixed("keys", "remove", "bob", "--engine", "builtin", code=3)
    assert "pgp" in done.err
    assert "install sops" in done.err
    assert mixed.tree() == tree


def test_somebody_who_reads_by_pgp_alone_can_add(mixed: Team) -> None:
    nowhere = mixed.alone(mixed.bob) | {"SOPS_AGE_KEY_FILE": ""}
    del nowhere["SOPS_AGE_KEY_FILE"]
    before = mixed.read(POSTGRES)
    mixed("keys", "add", "bob", mixed.bob.recipient, **nowhere)
    assert mixed.opens(mixed.bob, *BOTH) == [True, True]
    assert [by_pgp(mixed, file).returncode for file in BOTH] == [0, 0]
    for line in before.splitlines():
        if b"ENC[" in line and b"mac:" not in line:
            assert line in mixed.read(POSTGRES)
    done = mixed("keys", "remove", "bob", "--json", **nowhere).json
    assert all(row["tried"] and row["opened"] == 0 < row["ciphertexts"] for row in done["attack"])
    assert mixed.opens(mixed.bob, *BOTH) == [False, False]
    assert [by_pgp(mixed, file).returncode for file in BOTH] == [0, 0]


def test_kms_is_kept_where_that_can_be_and_named_where_not(either: Team) -> None:
    for file in BOTH:
        text = either.read(file).decode().replace("sops:\n  age:\n", f"sops:\n{KMS}  age:\n")
        (either.repository / file).write_text(text)
    either.edit(
        ".sops.yaml",
        "    age:\n",
        "    kms: arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000\n    age:\n",
    )
    either.add_bob()
    assert all(either.read(file).decode().count(KMS) >= 1 for file in BOTH)
    either("decrypt", POSTGRES, "--engine", "builtin", **either.as_bob())
    tree = either.tree()
    builtin = os.environ["MATRIX_SECRETS_ENGINE"] == "builtin"
    env = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}
    done = either("keys", "remove", "bob", code=None, HTTPS_PROXY="http://127.0.0.1:9", **env)
    assert done.code == (3 if builtin else 4)
    assert "kms" in done.err.lower()
    assert either.tree() == tree
