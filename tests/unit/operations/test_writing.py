"""Where new values go: into ciphertext, when their file is encrypted or has to be. Engine and sealing are stand-ins."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.errors import NoIdentityError, Place
from matrix_secrets.manifests.nodes import find
from matrix_secrets.manifests.parse import parse
from matrix_secrets.operations.configure import Identity, plan_configure
from matrix_secrets.operations.generate import plan_generate
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.operations.show import shown_secrets
from matrix_secrets.sops.engine import Encrypted
from matrix_secrets.stack.digests import digests, has_digests
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.model import ValueState
from matrix_secrets.stack.workspace import Workspace
from matrix_secrets.transaction import FileWrite
from tests.unit.stack.repositories import SECRET, SYNAPSE, apply, change, guide

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from matrix_secrets.sops.creationrules import CreationRule

KEYS = "# POSTGRES_PASSWORD homeserver.yaml"


@dataclass
class Wrapping:
    """An engine that wraps a file in base64; without its key it opens nothing."""

    open: bool = True
    updated: list[str] = field(default_factory=list)
    name: str = "wrapping"

    def encrypt(self, plain: str, *, file: str, rule: CreationRule) -> Encrypted:
        raise AssertionError((file, rule, plain))

    def decrypt(self, encrypted: str, *, file: str) -> str:
        if not self.open:
            raise NoIdentityError("no identity opens it", place=Place(file))
        (document,) = parse(encrypted).documents
        node = find(document.root, ("wrapped",))
        return base64.b64decode(getattr(node, "value", "")).decode()

    def update(self, encrypted: str, plain: str, *, file: str) -> Encrypted:
        assert encrypted != wrapped(plain)
        self.updated.append(file)
        return Encrypted(wrapped(plain), 1, 0, 1)


def wrapped(plain: str) -> str:
    code = base64.b64encode(plain.encode()).decode()
    return f"{KEYS}\nwrapped: {code}\nsops: {{mac: x, lastmodified: y}}\n"


@dataclass
class Covering:
    """A sealing that covers some files and wraps them."""

    covered: Collection[str] = ()
    like: list[str] = field(default_factory=list)

    def covers(self, file: str) -> bool:
        return file in self.covered

    def plan(self, workspace: Workspace, files: Sequence[str], like: Mapping[str, Sequence[str]]) -> Plan:
        self.like.extend(like[files[0]])
        writes = [
            FileWrite(
                workspace.root / file, workspace.read(file).raw, wrapped(workspace.read(file).stream.text).encode()
            )
            for file in files
        ]
        return Plan(tuple(Change(Place(file), "encrypted") for file in files), tuple(writes), paths=tuple(files))


def open_with(root: Path, engine: Wrapping) -> Workspace:
    return Workspace(root, root / ".git", lambda: engine)


def wrap(root: Path, file: str) -> None:
    (root / file).write_text(wrapped((root / file).read_text()))


def test_encrypted_files_stay_encrypted(tmp_path: Path) -> None:
    root, engine = guide(tmp_path / "r"), Wrapping()
    wrap(root, SECRET)
    wrap(root, SYNAPSE)
    here = open_with(root, engine)
    plan = plan_generate(here, find_stacks(here))
    apply(plan)
    assert sorted(engine.updated) == [SECRET, SYNAPSE]
    again = open_with(root, engine)
    stacks = find_stacks(again)
    assert [secret.agrees for secret in stacks[0].managed] == [True] * 4
    assert plan_generate(again, stacks).empty
    apply(plan_configure(again, stacks, Identity("matrix.org", "10.0.0.1")))
    last = open_with(root, engine)
    assert plan_configure(last, find_stacks(last), Identity("matrix.org", "10.0.0.1")).empty
    for file in (SECRET, SYNAPSE):
        assert (root / file).read_text().startswith(KEYS)


def test_files_that_a_rule_covers_are_encrypted(tmp_path: Path) -> None:
    root, sealing = guide(tmp_path / "r"), Covering((SECRET, SYNAPSE))
    here = open_with(root, Wrapping())
    plan = plan_generate(here, find_stacks(here), sealing=sealing)
    assert sorted(each.path.relative_to(root).as_posix() for each in plan.writes) == [
        "apps/matrix/element.yaml",
        SECRET,
        SYNAPSE,
    ]
    assert plan.notes == ()
    assert plan.next_commands == ("matrix-secrets verify",)
    assert len(plan.changes) == 8 + 2 + 1  # values, files, Element's digest
    apply(plan)
    again = open_with(root, Wrapping())
    (stack,) = find_stacks(again)
    assert {secret.state for secret in stack.managed} == {ValueState.SET}
    assert has_digests(stack.streams)
    assert not any(each.stale for each in digests(stack.streams, (SECRET, SYNAPSE)))
    assert "MATRIX_SECRETS_DIGEST_KEY" in stack.file(SECRET).stream.text
    assert plan_generate(again, [stack], sealing=sealing).empty


def test_a_rule_for_one_of_two_files_leaves_a_warning_for_the_other(tmp_path: Path) -> None:
    root, sealing = guide(tmp_path / "r"), Covering((SECRET,))
    here = open_with(root, Wrapping())
    plan = plan_generate(here, find_stacks(here), sealing=sealing)
    assert [(note.id, note.place.file) for note in plan.notes] == [("plaintext-secret", SYNAPSE)]


def test_what_is_encrypted_is_never_copied_into_plain_text(tmp_path: Path) -> None:
    root, sealing = guide(tmp_path / "r"), Covering()
    change(root, SECRET, (" CHANGE_ME_BEFORE_DEPLOY", " canary-7f3a"))
    wrap(root, SECRET)
    here = open_with(root, Wrapping())
    apply(plan_generate(here, find_stacks(here), sealing=sealing))
    assert sealing.like == [SECRET]
    assert "canary" not in (root / SYNAPSE).read_text()
    again = open_with(root, Wrapping())
    (stack,) = find_stacks(again)
    assert {value.reveal() for secret in stack.managed for value in secret.values} == {"canary-7f3a"}


def test_without_the_identity_nothing_is_overwritten(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    wrap(root, SECRET)
    seen = "kind: Secret\nmetadata: {name: s}\nstringData: {SYNAPSE_FORM_SECRET: 'ENC[AES256_GCM,x]'}\n"
    change(root, SECRET, ("wrapped:", f"{seen}wrapped:"))
    here = open_with(root, Wrapping(open=False))
    (stack,) = find_stacks(here)
    assert [file.file for file in stack.locked] == [SECRET]
    (row,) = shown_secrets([stack], ["form_secret"])
    assert (row.state, row.agrees, row.places[0].encrypted) == (ValueState.UNREADABLE, False, True)
    with pytest.raises(NoIdentityError, match="no identity opens it"):
        plan_generate(here, [stack], ["form_secret"])
