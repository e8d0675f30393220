"""Values generated straight into ciphertext, with real rules and the built-in engine."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pyrage
import pytest

from matrix_secrets.agekeys.identity import Identity as AgeIdentity
from matrix_secrets.operations.configure import Identity, plan_configure
from matrix_secrets.operations.encrypt import plan_encrypt
from matrix_secrets.operations.generate import plan_generate
from matrix_secrets.operations.sealing import RuleSealing
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.stack.digests import digests
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.model import Stack, ValueState
from matrix_secrets.stack.protection import is_protected
from matrix_secrets.stack.workspace import Workspace
from tests.unit.stack.repositories import ELEMENT, SECRET, SYNAPSE, apply, change, guide, snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.operations.plan import Plan

KEY = pyrage.x25519.Identity.generate()
RECIPIENT = str(KEY.to_public())
FIT = f"""\
creation_rules:
  - path_regex: ^apps/matrix/(postgres|synapse)\\.yaml$
    encrypted_regex: ^(data|stringData)$
    mac_only_encrypted: true
    age:
      - {RECIPIENT}  # me
"""
# The guide's own rule, which would encrypt everything.
GUIDES = f"creation_rules:\n  - path_regex: apps/matrix/.*\\.yaml$\n    age: {RECIPIENT}\n"


def here(root: Path, *, locked: bool = False) -> Workspace:
    identities = [] if locked else [AgeIdentity.from_age_key(str(KEY), "test")]
    return Workspace(root, root / ".git", lambda: BuiltinEngine(lambda: identities))


def stack_of(workspace: Workspace) -> Stack:
    (stack,) = find_stacks(workspace)
    return stack


def generate(root: Path, *names: str) -> Plan:
    workspace = here(root)
    return plan_generate(workspace, find_stacks(workspace), names, sealing=RuleSealing(workspace))


def configure(root: Path, name: str = "192.168.1.100") -> Plan:
    workspace = here(root)
    return plan_configure(workspace, find_stacks(workspace), Identity(name, "192.168.1.100"))


def check(root: Path) -> None:
    stack = stack_of(here(root))
    assert [secret.agrees for secret in stack.managed] == [True] * 4
    assert all(is_protected(stack, place) for secret in stack.managed for place in secret.locations)
    found = digests(stack.streams, {file.file for file in stack.files if file.encrypted})
    assert found
    assert not any(each.stale for each in found)
    assert generate(root).empty
    assert configure(root).empty
    on_disk = "".join(snapshot(root).values())
    assert not any(secret.values[0].reveal() in on_disk for secret in stack.managed)


@pytest.mark.parametrize("rules", [FIT, GUIDES])
def test_a_rule_means_ciphertext_at_once(tmp_path: Path, rules: str) -> None:
    root = guide(tmp_path / "r")
    (root / ".sops.yaml").write_text(rules)
    apply(configure(root))
    plan = generate(root)
    assert not any(note.id == "plaintext-secret" for note in plan.notes)
    apply(plan)
    check(root)
    assert "kind: Secret" in (root / SECRET).read_text()
    assert rules.partition("\n")[2] in (root / ".sops.yaml").read_text()


def test_later_changes_keep_the_other_ciphertexts(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    (root / ".sops.yaml").write_text(FIT)
    apply(configure(root))
    apply(generate(root))
    before = snapshot(root)
    workspace = here(root)
    old = stack_of(workspace).file(SECRET).stream.text
    line = next(text for text in old.splitlines() if "SYNAPSE_FORM_SECRET" in text)
    write = workspace.new_text(SECRET, old.replace(line, "  SYNAPSE_FORM_SECRET: CHANGE_ME"))
    assert write is not None
    assert write.new is not None
    (root / SECRET).write_bytes(write.new)
    assert stack_of(here(root)).managed[3].state is ValueState.PLACEHOLDER
    plan = generate(root, "form_secret")
    assert [change_.action for change_ in plan.changes] == ["copied"]
    apply(plan)
    check(root)
    same = [
        line for line in before[SECRET].splitlines() if "ENC[" in line and "FORM" not in line and "mac:" not in line
    ]
    after = (root / SECRET).read_text().splitlines()
    assert len(same) == 7
    assert [line for line in same if line not in after] == []


def test_a_value_of_an_encrypted_file_takes_the_other_file_along(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SECRET, (": CHANGE_ME_BEFORE_DEPLOY", ": canary-7f3a"))
    workspace = here(root)
    plan = plan_encrypt(workspace, find_stacks(workspace), [SECRET], recipients=[(RECIPIENT, "me")])
    apply(plan)
    apply(configure(root))
    apply(generate(root))
    check(root)
    assert "canary" not in "".join(snapshot(root).values())
    assert not any(file.encrypted for file in stack_of(here(root)).files if file.file == ELEMENT)


def test_locked(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    (root / ".sops.yaml").write_text(FIT)
    apply(generate(root))
    stack = stack_of(here(root, locked=True))
    assert {secret.state for secret in stack.managed} == {ValueState.UNREADABLE}
    assert [file.file for file in stack.locked] == [SECRET, SYNAPSE]
    assert [secret.agrees for secret in stack.managed] == [None] * 4


def test_a_stack_s_readers_are_not_those_of_another_one(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    shutil.copytree(root / "apps" / "matrix", root / "apps" / "other")
    everything = here(root)
    stacks = [stack for stack in find_stacks(everything) if stack.directory == "apps/matrix"]
    apply(plan_generate(everything, stacks))
    everything = here(root)
    stacks = [stack for stack in find_stacks(everything) if stack.directory == "apps/matrix"]
    apply(plan_encrypt(everything, stacks, (), own=lambda _: [(RECIPIENT, "me")]))
    apply(generate(root))
    after = {stack.directory: stack for stack in find_stacks(here(root))}
    assert {secret.state for secret in after["apps/other"].managed} == {ValueState.SET}
    assert not any(file.encrypted for file in after["apps/other"].files)
    assert "apps/other" not in (root / ".sops.yaml").read_text()
