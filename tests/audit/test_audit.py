"""What `audit` says beside what it finds: exit codes, the baseline, ranges, and what it could not look at."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.agekeys.generate import generate_identity
from tests.audit.corpus import commit, gone
from tests.keys.team import POSTGRES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hooks.hooked import Hooked

BASELINE = ".matrix-secrets-audit.json"


def leak(repository: Hooked, name: str = "POSTGRES_PASSWORD") -> None:
    commit(repository, "notes.md", f"one\ntwo\nit is {repository.value(name)}\n")
    gone(repository, "notes.md")


def test_every_key_of_a_leak(repository: Hooked) -> None:
    leak(repository)
    done = repository.audit(code=1)
    [found] = done.json["leaks"]
    head = repository.git("rev-parse", "HEAD~1").strip()
    assert {**found, "places": [], "fix": "", "date": ""} == {
        "secret": "POSTGRES_PASSWORD",
        "private_key_of": None,
        "managed": True,
        "file": "notes.md",
        "line": 3,
        "spelled": "",
        "versions": 1,
        "commit": head,
        "date": "",
        "refs": ["main"],
        "published": False,
        "in_use": True,
        "places": [],
        "accepted": False,
        "fix": "",
    }
    assert {place["file"] for place in found["places"]} == {POSTGRES, "apps/matrix/synapse.yaml"}
    assert found["fix"] == "replace it: matrix-secrets rotate POSTGRES_PASSWORD"
    [finding] = done.json["findings"]
    assert (finding["id"], finding["severity"], finding["line"]) == ("secret-in-history", "error", 3)


def test_the_oldest_commit_and_how_many_versions(repository: Hooked) -> None:
    for number in range(3):
        commit(repository, "notes.md", f"{number}: {repository.value()}\n")
    [found] = repository.audit(code=1).json["leaks"]
    assert found["versions"] == 3
    assert found["commit"] == repository.git("rev-parse", "HEAD~2").strip()


def test_what_was_pushed_is_told(repository: Hooked, tmp_path: Path) -> None:
    leak(repository)
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "remote.git"], check=True)
    repository.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    repository.git("push", "--quiet", "origin", "main")
    [found] = repository.audit(code=1).json["leaks"]
    assert found["published"] is True
    assert "which was pushed" in repository("audit", code=1).out


def test_only_what_a_revision_does_not_have(repository: Hooked) -> None:
    leak(repository)
    repository.audit("--since", "HEAD", code=0)
    repository.audit("--since", "HEAD~2", code=1)
    done = repository("audit", "--since", "no-such-thing", code=2)
    assert "no revision" in done.err


def test_accepted_findings_are_not_told_again(repository: Hooked) -> None:
    leak(repository)
    before = repository.tree()
    repository("audit", "--accept", "--dry-run")
    assert repository.tree() == before
    repository("audit", "--accept")
    content = repository.read(BASELINE)
    [fingerprint] = json.loads(content)["accepted"]
    assert re.fullmatch("[0-9a-f]{32}", fingerprint)
    done = repository.audit(code=0)
    assert done.json["findings"] == []
    assert [each["accepted"] for each in done.json["leaks"]] == [True]
    repository("audit", "--accept")
    assert repository.read(BASELINE) == content
    leak(repository, "SYNAPSE_FORM_SECRET")
    assert [each["secret"] for each in repository.audit(code=1).json["leaks"] if not each["accepted"]] == [
        "SYNAPSE_FORM_SECRET"
    ]


def test_the_same_leak_has_another_fingerprint_elsewhere(repository: Hooked) -> None:
    leak(repository)
    repository("audit", "--accept")
    first = json.loads(repository.read(BASELINE))["accepted"]
    editor = "sed -i 's|MATRIX_SECRETS_DIGEST_KEY:.*|MATRIX_SECRETS_DIGEST_KEY: bm90IHRoZSBzYW1lIGtleSBhcyBiZWZvcmU=|'"
    repository("edit", POSTGRES, EDITOR=editor)
    (repository.repository / BASELINE).unlink()
    repository("audit", "--accept")
    assert json.loads(repository.read(BASELINE))["accepted"] != first


def test_an_accepted_value_that_comes_into_use_is_told_again(repository: Hooked) -> None:
    """An old value in a note, accepted; then somebody sets it again."""
    old = repository.value("SYNAPSE_FORM_SECRET")
    leak(repository, "SYNAPSE_FORM_SECRET")
    for file, key in ((POSTGRES, "SYNAPSE_FORM_SECRET"), ("apps/matrix/synapse.yaml", "form_secret")):
        repository("edit", file, "--commit", EDITOR=f"sed -i 's|\\b{key}:.*|{key}: another-one-4711-and-more|'")
    assert "no file holds it today" in repository("audit", code=0).out
    repository.audit("--strict", code=1)
    repository("audit", "--accept")
    repository.audit("--strict", code=0)
    for file, key in ((POSTGRES, "SYNAPSE_FORM_SECRET"), ("apps/matrix/synapse.yaml", "form_secret")):
        repository("edit", file, EDITOR=f"sed -i 's|\\b{key}:.*|{key}: {old}|'")
    repository.audit(code=1)


def test_nothing_can_be_accepted_without_a_key(guide_with_hooks: Hooked) -> None:
    done = guide_with_hooks("audit", "--accept", code=3)
    assert "there is no key to accept findings under" in done.err


@pytest.mark.parametrize("content", ["[]", "{", '{"accepted": 1}', '{"accepted": [1]}'])
def test_a_baseline_that_is_none(repository: Hooked, content: str) -> None:
    repository.write(BASELINE, content)
    assert repository("audit", code=3).err.startswith(f"error: {BASELINE}")


def test_without_an_identity(repository: Hooked) -> None:
    leak(repository)
    nobody = {"HOME": str(repository.people / "nobody"), "XDG_CONFIG_HOME": str(repository.people / "nobody")}
    done = repository("audit", "--json", code=1, **nobody)
    assert {each["id"] for each in done.json["findings"]} == {"history-not-compared"}
    assert done.json["not_opened"]
    repository("audit", "--without-key", code=0, **nobody)
    commit(repository, "age.txt", f"{repository.me.secret}\n")
    done = repository("audit", "--json", "--without-key", code=1, **nobody)
    assert {each["id"] for each in done.json["findings"]} == {"private-key-in-history"}


def test_plain_text_of_old_without_an_identity(repository: Hooked) -> None:
    plain = repository("decrypt", POSTGRES).out
    encrypted = repository.read(POSTGRES)
    commit(repository, POSTGRES, plain)
    commit(repository, POSTGRES, encrypted)
    nobody = {"HOME": str(repository.people / "nobody"), "XDG_CONFIG_HOME": str(repository.people / "nobody")}
    done = repository("audit", "--json", "--without-key", code=1, **nobody)
    assert {each["id"] for each in done.json["findings"]} == {"unknown-secret-in-history"}
    assert {each["secret"] for each in done.json["leaks"]} >= {"POSTGRES_PASSWORD", "SYNAPSE_FORM_SECRET"}


def test_a_key_that_opens_nothing_here_is_a_warning(repository: Hooked) -> None:
    commit(repository, "age.txt", f"{generate_identity().secret.reveal()}\n")
    done = repository.audit(code=0)
    assert [each["id"] for each in done.json["findings"]] == ["unused-private-key-in-history"]


def test_a_key_with_a_typing_mistake_is_none(repository: Hooked) -> None:
    key = repository.me.secret
    commit(repository, "age.txt", f"{key[:-1]}{'Q' if key[-1] != 'Q' else 'P'}\n")
    assert repository.audit(code=0).json["leaks"] == []


def test_a_key_of_somebody_who_was_taken_off(repository: Hooked) -> None:
    repository.add_bob("--commit")
    repository("keys", "remove", "bob", "--commit")
    commit(repository, "age.txt", f"{repository.bob.secret}\n")
    [found] = repository.audit(code=1).json["leaks"]
    assert found["private_key_of"] == repository.bob.recipient
    assert found["in_use"] is True


def test_a_stack_that_is_gone_but_not_its_history(guide_with_hooks: Hooked) -> None:
    cli = guide_with_hooks
    cli("hooks", "uninstall")
    cli("generate")
    cli.commit_all()
    cli.git("rm", "-r", "--quiet", "apps/matrix")
    cli.git("commit", "--quiet", "--message", "gone")
    found = cli.audit(code=0).json["leaks"]
    assert {each["secret"] for each in found} >= {"POSTGRES_PASSWORD", "SYNAPSE_FORM_SECRET"}
    assert not any(each["in_use"] for each in found)


def test_plain_text_that_is_in_use_in_a_private_repository(guide_with_hooks: Hooked) -> None:
    cli = guide_with_hooks
    cli("hooks", "uninstall")
    cli("generate")
    cli.commit_all()
    found = cli.audit(code=1).json["leaks"]
    assert all(each["in_use"] for each in found)
    assert {(each["secret"], each["file"]) for each in found} >= {("POSTGRES_PASSWORD", POSTGRES)}


def test_a_repository_without_a_commit(tmp_path: Path, repository: Hooked) -> None:
    empty = tmp_path / "empty"
    subprocess.run(["git", "init", "--quiet", empty], check=True)
    repository("audit", cwd=empty)


def test_a_large_file_and_a_binary_one(repository: Hooked) -> None:
    value = repository.value().encode()
    commit(repository, "dump.sql", b"x" * (9 << 20) + b"\n" + value + b"\n" + b"y" * (9 << 20))
    commit(repository, "image.bin", bytes(range(256)) * 100 + value + bytes(range(256)))
    found = repository.audit(code=1).json["leaks"]
    assert {each["file"] for each in found} == {"dump.sql", "image.bin"}


DECLARED = """\
secrets:
  - name: TURN_SHARED_SECRET
    locations:
      - {file: apps/coturn/coturn.yaml, kind: Secret, name: coturn, key: static-auth-secret}
  - name: SMTP_PASSWORD
  - name: BRIDGE_AS_TOKEN
    locations:
      - {file: apps/coturn/coturn.yaml, kind: ConfigMap, name: bridge, key: config.yaml, path: appservice.as_token}
"""
COTURN = """\
apiVersion: v1
kind: Secret
metadata:
  name: coturn
stringData:
  static-auth-secret: CHANGE_ME_BEFORE_DEPLOY
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: bridge
data:
  config.yaml: |
    appservice:
      as_token: CHANGE_ME_BEFORE_DEPLOY
"""
BEYOND = ("TURN_SHARED_SECRET", "SMTP_PASSWORD", "BRIDGE_AS_TOKEN")


def test_older_values_of_declared_secrets_are_recognised(repository: Hooked) -> None:
    repository.write(".matrix-secrets.yaml", DECLARED)
    repository.write("apps/coturn/coturn.yaml", COTURN)
    rules = repository.read(".sops.yaml").decode()
    repository.write(".sops.yaml", re.sub(r"encrypted_regex: .*", "encrypted_regex: ^(data|stringData)$", rules))
    repository("generate")
    repository("encrypt")
    assert "ENC[" in repository.read("apps/coturn/coturn.yaml").decode()
    repository.commit_all()
    shown = repository("show", "--reveal", "--json").json["secrets"]
    old = {row["name"]: row["value"] for row in shown if row["name"] in BEYOND}
    assert len(set(old.values())) == 3
    repository("rotate", *BEYOND, "--offline", "--yes", "--commit")
    repository.audit(code=0)
    # Only the older, encrypted versions tell what these are.
    for name, value in old.items():
        commit(repository, f"{name}.txt", f"it was {value}\n")
    found = repository.audit(code=0).json["leaks"]
    assert {(each["secret"], each["file"]) for each in found} == {(name, f"{name}.txt") for name in BEYOND}
    assert not any(each["in_use"] for each in found)
