"""``rotate --offline`` in real Git repositories."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.creationrules import load_rules

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Cli

DECRYPTION = "  decryption:\n    provider: sops\n    secretRef:\n      name: sops-age\n"
LONG_AGO = datetime(2024, 1, 2, tzinfo=UTC)
STACKS = 100
STACK = """\
apiVersion: v1
kind: Secret
metadata:
  name: matrix-secrets
stringData:
  POSTGRES_PASSWORD: password-{number:04}-of-a-stack
  SYNAPSE_FORM_SECRET: form-secret-{number:04}-of-a-stack
  SYNAPSE_MACAROON_SECRET_KEY: macaroon-{number:04}-of-a-stack
  SYNAPSE_REGISTRATION_SHARED_SECRET: registration-{number:04}-of-a-stack
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: synapse-config
data:
  homeserver.yaml: |
    server_name: stack-{number}.example.net
    database: {{name: psycopg2, args: {{user: synapse, password: password-{number:04}-of-a-stack}}}}
    form_secret: form-secret-{number:04}-of-a-stack
    macaroon_secret_key: macaroon-{number:04}-of-a-stack
    registration_shared_secret: registration-{number:04}-of-a-stack
"""


@pytest.fixture
def deployed(encrypted: Cli, tmp_path: Path) -> Cli:
    owner = encrypted.repository / "clusters/home/apps.yaml"
    owner.write_text(owner.read_text() + DECRYPTION)
    encrypted.commit_all()
    encrypted.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    encrypted.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    encrypted.git("push", "--quiet", "--set-upstream", "origin", "main")
    return encrypted


def values(cli: Cli) -> dict[str, str]:
    shown = cli("show", "--reveal", "--json").json["secrets"]
    return {row["name"]: row["value"] for row in shown}


def test_without_a_cluster(encrypted: Cli) -> None:
    tree = encrypted.tree()
    done = encrypted("rotate", "form_secret", "--yes", code=4)
    assert "kubeconfig" in done.err
    assert "matrix-secrets rotate --offline form_secret" in done.err
    assert "identity to all other servers" in encrypted("rotate", "signing_key", code=3).err
    assert encrypted.tree() == tree


def test_it_asks_and_says_what_is_at_stake(encrypted: Cli) -> None:
    tree = encrypted.tree()
    done = encrypted("rotate", "--offline", "form_secret", code=2)
    assert "New values for SYNAPSE_FORM_SECRET in the files of apps/matrix?" in done.err
    assert "--yes" in done.err
    assert encrypted.tree() == tree


def test_a_dry_run_shows_everything_and_asks_nothing(encrypted: Cli) -> None:
    tree = encrypted.tree()
    done = encrypted("rotate", "--dry-run")
    for word in (
        "last changed just now",
        "2 places in 2 files",
        "ALTER ROLE",
        "Deployment/synapse",
        "nobody is logged out",
    ):
        assert word in done.out, word
    assert "https://element-hq.github.io/synapse/latest/" in done.out
    assert "This would change" in done.out
    found = encrypted("rotate", "--dry-run", "--json").json
    assert [row["name"] for row in found["rotation"]] == [
        row["name"] for row in encrypted("show", "--json").json["secrets"]
    ]
    assert found["rotation"][0]["restarts"] == ["Deployment/synapse"]
    found = encrypted("rotate", "--offline", "--dry-run", "--json").json
    assert found["remaining"][0]["stack"] == "apps/matrix"
    assert encrypted.tree() == tree


@pytest.mark.parametrize(
    "words",
    [
        ["--resume", "--abort"],
        ["--offline", "--status"],
        ["--push"],
        ["--commit", "--resume"],
        ["--status", "form_secret"],
        ["--heal", "form_secret"],
    ],
    ids=" ".join,
)
def test_what_contradicts_itself(encrypted: Cli, words: list[str]) -> None:
    assert "fix:" in encrypted("rotate", *words, code=2).err


def test_one_commit_and_what_remains(encrypted: Cli) -> None:
    old = values(encrypted)
    done = encrypted("rotate", "postgres_password", "--offline", "--yes", "--commit")
    new = values(encrypted)
    assert {name for name in new if new[name] != old[name]} == {"POSTGRES_PASSWORD"}
    assert "What remains, in this order:" in done.out
    assert "1. ALTER ROLE" in done.out
    assert "2. git push" in done.out
    assert "commit the changed files" not in done.out
    assert not any(value in done.out + done.err for value in (*old.values(), *new.values()))
    assert encrypted.git("log", "-1", "--format=%s").strip() == "feat(matrix): rotate POSTGRES_PASSWORD of apps/matrix"
    files = encrypted.git("show", "--name-only", "--format=").split()
    assert files == ["apps/matrix/postgres.yaml", "apps/matrix/synapse.yaml"]
    assert encrypted("verify", "--json").json["ok"]
    changed = encrypted.git("show", "--format=", "--unified=0", "apps/matrix/postgres.yaml").splitlines()
    gone = [line for line in changed if line.startswith("-") and not line.startswith("---")]
    assert all(re.search(r"POSTGRES_PASSWORD|lastmodified|mac:", line) for line in gone)


def test_a_database_password_is_not_pushed(deployed: Cli) -> None:
    tree, head = deployed.tree(), deployed.git("rev-parse", "HEAD")
    done = deployed("rotate", "--offline", "--yes", "--push", code=3)
    assert "is not pushed to apps/matrix, which is deployed" in done.err
    assert deployed.tree() == tree
    assert deployed.git("rev-parse", "HEAD") == head
    deployed("rotate", "--offline", "--yes", "--push", "form_secret")
    assert deployed.git("rev-parse", "HEAD") == deployed.git("rev-parse", "origin/main")
    deployed("rotate", "--offline", "--yes", "--push", "--fresh", "postgres_password")
    assert deployed.git("rev-parse", "HEAD") == deployed.git("rev-parse", "origin/main")


def test_ages_follow(encrypted: Cli) -> None:
    rows = encrypted("show", "--ages", "--json").json["secrets"]
    assert {row["age"]["known"] for row in rows} == {"known"}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", row["last_changed"]) for row in rows)
    assert encrypted("show", "--json").json["secrets"][0]["last_changed"] is None
    encrypted("rotate", "form_secret", "--offline", "--yes")
    assert "not committed" in encrypted("show", "--ages").out
    encrypted("verify", "--max-age", "0d", code=1)
    encrypted("verify", "--max-age", "1y")
    found = encrypted("verify", "--max-age", "0d", "--json", code=1).json["findings"]
    old = [finding for finding in found if finding["id"] == "secret-old"]
    assert len(old) == 3
    assert old[0]["fix"] == "matrix-secrets rotate POSTGRES_PASSWORD"
    assert "180d, 26w or 1y" in encrypted("verify", "--max-age", "soon", code=2).err


def test_ages_that_nobody_knows(encrypted: Cli, tmp_path: Path) -> None:
    encrypted.git("commit", "--quiet", "--allow-empty", "--message", "later")
    encrypted.git("clone", "--quiet", "--depth=1", encrypted.repository.as_uri(), str(tmp_path / "shallow"))
    clone = type(encrypted)(tmp_path / "shallow")
    assert "unknown (this clone is shallow" in clone("show", "--ages").out
    found = clone("verify", "--max-age", "1y", "--json", code=1).json["findings"]
    assert len([finding for finding in found if finding["id"] == "secret-age-unknown"]) == 4


def test_a_hundred_stacks_in_one_run_and_one_commit(
    empty: Cli, tmp_path: Path, sops_binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = empty.repository
    recipient = empty("keys", "generate").out.strip().splitlines()[-1]
    rule = "  - path_regex: ^apps/\n    encrypted_regex: ^(data|stringData)$\n    mac_only_encrypted: true\n"
    (root / ".sops.yaml").write_text(f"creation_rules:\n{rule}    age: {recipient}\n")
    rules = load_rules(root, {})
    assert rules is not None
    builtin = BuiltinEngine(tuple, lambda: LONG_AGO)
    files = [f"apps/stack-{number:03}/matrix.yaml" for number in range(STACKS)]
    for number, file in enumerate(files):
        (root / file).parent.mkdir(parents=True)
        creation = rules.rule_for(file)
        assert creation is not None
        (root / file).write_text(builtin.encrypt(STACK.format(number=number), file=file, rule=creation).text)
    empty.commit_all()
    # A sops that tells when it is started: one process a file is what this has to do without.
    spy = tmp_path / "spy"
    spy.mkdir()
    (spy / "sops").write_text(f'#!/bin/sh\necho "$@" >>{spy}/log\nexec {sops_binary} "$@"\n')
    (spy / "sops").chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy}{os.pathsep}{os.environ['PATH']}")
    command = ("rotate", "form_secret", "postgres_password", "--offline", "--yes", "--all-stacks", "--commit")
    done = empty(*command, MATRIX_SECRETS_ENGINE="auto")
    assert "100 stacks" in done.out
    assert len(done.out.splitlines()) < 5 * STACKS  # a line a place, not a page a stack
    assert empty.git("rev-list", "--count", "HEAD").strip() == "2"
    assert empty.git("show", "--name-only", "--format=").split() == files
    rows = [line.split("\t") for line in empty.git("show", "--numstat", "--format=").splitlines() if line]
    # Of each file: two values of the Secret, homeserver.yaml, and lastmodified and mac of both documents.
    assert {(added, removed) for added, removed, _ in rows} == {("7", "7")}
    started = (spy / "log").read_text().splitlines() if (spy / "log").exists() else []
    assert [line for line in started if "--version" not in line] == []
    shown = empty("show", "--all-stacks", "--json").json["secrets"]
    assert len(shown) == 4 * STACKS
    assert all(row["agrees"] for row in shown)
