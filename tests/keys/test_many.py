from __future__ import annotations

import os
from typing import TYPE_CHECKING

from matrix_secrets.agekeys.generate import generate_identity
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.creationrules import load_rules
from tests.keys.team import Team, person

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

STACKS, RECIPIENTS = 100, 10
SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: matrix-secrets
stringData:
  POSTGRES_PASSWORD: password-{number:04}-of-a-stack
  SYNAPSE_FORM_SECRET: form-secret-{number:04}-of-a-stack
  SYNAPSE_MACAROON_SECRET_KEY: macaroon-{number:04}-of-a-stack
  SYNAPSE_REGISTRATION_SHARED_SECRET: registration-{number:04}-of-a-stack
"""


def test_a_hundred_stacks_in_one_run_and_one_commit(
    tmp_path: Path, sops_binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "people").mkdir()
    root = tmp_path / "cluster"
    root.mkdir()
    team = Team(root, tmp_path / "people", sops_binary)
    others = [generate_identity().recipient.key for _ in range(RECIPIENTS - 1)]
    listed = "".join(f"      - {key}  # person {number}\n" for number, key in enumerate(others))
    rule = f"  - path_regex: ^apps/\n    encrypted_regex: ^(data|stringData)$\n    age:\n      - {team.me.recipient}\n"
    (root / ".sops.yaml").write_text(f"creation_rules:\n{rule}{listed}")
    rules = load_rules(root, {})
    assert rules is not None
    files = [f"apps/stack-{number:03}/matrix.yaml" for number in range(STACKS)]
    builtin = BuiltinEngine(tuple)
    for number, file in enumerate(files):
        (root / file).parent.mkdir(parents=True)
        creation = rules.rule_for(file)
        assert creation is not None
        (root / file).write_text(builtin.encrypt(SECRET.format(number=number), file=file, rule=creation).text)
    team.git("init", "--quiet")
    team.commit_all()
    # A sops that must not be started, first on PATH: one process a file is what this has to do without.
    spy = tmp_path / "spy"
    spy.mkdir()
    (spy / "sops").write_text(f'#!/bin/sh\necho "$@" >>{spy}/log\nexec {sops_binary} "$@"\n')
    (spy / "sops").chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy}{os.pathsep}{os.environ['PATH']}")

    team("keys", "add", "bob", team.bob.recipient, "--all-stacks", "--commit", MATRIX_SECRETS_ENGINE="auto")
    assert len(team.git("show", "--name-only", "--format=").split()) == STACKS + 1
    done = team("keys", "remove", "bob", "--commit", "--json", MATRIX_SECRETS_ENGINE="auto").json
    assert len(team.git("show", "--name-only", "--format=").split()) == STACKS + 1
    assert team.git("rev-list", "--count", "HEAD").strip() == "3"
    assert len(done["known"]) == 4 * STACKS
    assert len(done["attack"]) == STACKS
    assert not any(row["opened"] for row in done["attack"])
    assert not (spy / "log").exists()
    assert team.opens(team.me, files[0], files[-1]) == [True, True]
    assert team.opens(team.bob, files[0], files[-1]) == [False, False]
    person("person 3", tmp_path / "people")
    text = team("keys", "remove", "person 3", "--dry-run", "--all-stacks").out
    assert f"{STACKS} files" in text
