"""``federation`` and ``registration``: in both fixtures, plain and encrypted, guide and sealed layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from matrix_secrets.errors import RefusedError, UsageError
from matrix_secrets.operations.federation import plan_federation
from matrix_secrets.operations.registration import plan_registration
from matrix_secrets.stack.digests import digests
from matrix_secrets.stack.discovery import find_stacks
from tests.unit.operations.sealing_repositories import filled, here, seal, stack_of
from tests.unit.stack.repositories import SYNAPSE, apply, change, guide, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from matrix_secrets.operations.plan import Plan

KINDS = pytest.mark.parametrize(
    ("fixture", "encrypted", "sealed"),
    [
        ("guide", False, False),
        ("guide", True, False),
        ("guide", True, True),
        ("split", False, False),
        ("split", True, False),
    ],
)


def repository(root: Path, fixture: str, *, encrypted: bool, sealed: bool) -> Path:
    filled(root, fixture, encrypted=encrypted)
    if sealed:
        apply(seal(root))
    return root


def federation(root: Path, servers: Sequence[str] | None) -> Plan:
    workspace = here(root)
    return plan_federation(workspace, find_stacks(workspace), servers)


def registration(root: Path, *, opened: bool) -> Plan:
    workspace = here(root)
    return plan_registration(workspace, find_stacks(workspace), opened=opened)


def options(root: Path) -> dict[str, Any]:
    (config,) = stack_of(root).homeservers
    found = yaml.safe_load(config.embedded.text)
    assert isinstance(found, dict)
    return found


def digests_are_current(root: Path) -> bool:
    stack = stack_of(root)
    encrypted = [file.file for file in stack.files if file.encrypted]
    found = digests(stack.streams, encrypted)
    return bool(found) and not any(digest.stale for digest in found)


@KINDS
def test_federation(tmp_path: Path, fixture: str, *, encrypted: bool, sealed: bool) -> None:
    root = repository(tmp_path / "r", fixture, encrypted=encrypted, sealed=sealed)
    before = options(root)
    for servers in (["matrix.org", "matrix.our.net:8448"], ["matrix.org"], [], ["one.our.net"], None):
        apply(federation(root, servers))
        now = options(root)
        assert now.pop("federation_domain_whitelist", None) == servers
        assert now == before
        assert digests_are_current(root)
        again = federation(root, servers)
        assert again.empty
        assert again.changes == ()


@KINDS
def test_registration(tmp_path: Path, fixture: str, *, encrypted: bool, sealed: bool) -> None:
    root = repository(tmp_path / "r", fixture, encrypted=encrypted, sealed=sealed)
    before = options(root)
    for opened in (True, False, True):
        made = registration(root, opened=opened)
        apply(made)
        now = options(root)
        flags = ("enable_registration", "enable_registration_without_verification")
        assert [now.get(name, False) for name in flags] == [opened, opened]
        assert {name: value for name, value in now.items() if name not in flags} == {
            name: value for name, value in before.items() if name not in flags
        }
        assert ("registration-open" in {note.id for note in made.notes}) is opened
        assert made.empty or digests_are_current(root)
        assert registration(root, opened=opened).empty


def test_closed_where_nothing_is_said(tmp_path: Path) -> None:
    root = filled(tmp_path / "r", "split")
    made = registration(root, opened=False)
    assert made.empty
    assert made.changes == ()


def test_the_guides_way_is_explained(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SYNAPSE, ("    server_name:", '    federation_rcv_ignore_list:\n      - "*"\n    server_name:'))
    notes = {note.id: note for note in federation(root, ()).notes}
    assert set(notes) == {"federation-option-without-effect", "synapse-strategy"}
    note = notes["federation-option-without-effect"]
    assert note.id == "federation-option-without-effect"
    assert "no option of Synapse" in note.message
    assert "federation_domain_whitelist" in note.fix
    assert federation(root, None).notes == ()


def test_bad_names_and_nothing_to_change(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    for name in ("*", "https://matrix.org", "a b", "matrix.example.com", ""):
        with pytest.raises(UsageError):
            federation(root, [name])
    element = write(tmp_path / "e", {"m/e.yaml": (root / "apps/matrix/element.yaml").read_text()})
    with pytest.raises(RefusedError, match=r"has no homeserver\.yaml"):
        registration(element, opened=False)
