"""A work tree after the guide, filled in and not encrypted, and what verify says about it."""

from __future__ import annotations

import shutil
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from matrix_secrets.checks import subject
from matrix_secrets.errors import NoIdentityError
from matrix_secrets.operations.verify import verify
from matrix_secrets.sops.creationrules import load_rules
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matrix_secrets.findings import Finding
    from matrix_secrets.sops.creationrules import CreationRule
    from matrix_secrets.sops.engine import Encrypted

GUIDE: Final = Path(__file__).parents[2] / "fixtures" / "guide"
ADDRESS: Final = "192.168.1.100"
POSTGRES: Final = "apps/matrix/postgres.yaml"
SYNAPSE: Final = "apps/matrix/synapse.yaml"
ELEMENT: Final = "apps/matrix/element.yaml"
OWNER: Final = "clusters/home/apps.yaml"

VALUES: Final = {
    "POSTGRES_PASSWORD": "5f0c8a4e7d1b92630f4c8a4e7d1b9263aa0c8a4e7d1b9263bb0c8a4e7d1b92aa",
    "SYNAPSE_MACAROON_SECRET_KEY": "61aa8a4e7d1b92630f4c8a4e7d1b9263aa0c8a4e7d1b9263bb0c8a4e7d1b92bb",
    "SYNAPSE_REGISTRATION_SHARED_SECRET": "72bb8a4e7d1b92630f4c8a4e7d1b9263aa0c8a4e7d1b9263bb0c8a4e7d1b92cc",
    "SYNAPSE_FORM_SECRET": "83cc8a4e7d1b92630f4c8a4e7d1b9263aa0c8a4e7d1b9263bb0c8a4e7d1b92dd",
}
_OPTIONS: Final = {
    "password": "POSTGRES_PASSWORD",
    "macaroon_secret_key": "SYNAPSE_MACAROON_SECRET_KEY",
    "registration_shared_secret": "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "form_secret": "SYNAPSE_FORM_SECRET",
}


class Keyless:
    """An engine that has no identity: what opens no file needs no sops."""

    name = "keyless"

    def decrypt(self, encrypted: str, *, file: str) -> str:
        del encrypted
        raise NoIdentityError(f"no identity at hand opens {file}", hint="matrix-secrets keys generate")

    def encrypt(self, plain: str, *, file: str, rule: CreationRule) -> Encrypted:
        raise NotImplementedError

    def update(self, encrypted: str, plain: str, *, file: str) -> Encrypted:
        raise NotImplementedError


class Tree:
    """A work tree that a test changes. ``edit`` insists that what it replaces is there."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, file: str) -> str:
        return (self.root / file).read_bytes().decode()

    def write(self, file: str, text: str) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())

    def edit(self, file: str, old: str, new: str) -> None:
        text = self.read(file)
        assert text.count(old) >= 1, f"{old!r} is not in {file}"
        self.write(file, text.replace(old, new, 1))

    def append(self, file: str, text: str) -> None:
        self.write(file, self.read(file) + text)

    def remove(self, file: str) -> None:
        (self.root / file).unlink()

    def findings(self, *, without_key: bool = False) -> list[Finding]:
        workspace = Workspace(self.root, self.root / ".git", Keyless)
        return verified(workspace, without_key=without_key)

    def found(self, name: str) -> list[Finding]:
        return [finding for finding in self.findings() if finding.id == name]

    def one(self, name: str) -> Finding:
        found = self.found(name)
        assert len(found) == 1, [str(finding.place) for finding in found]
        return found[0]


def verified(workspace: Workspace, *, without_key: bool) -> list[Finding]:
    """All findings; they are the same whether what a check has parsed is kept for the next or not."""
    stacks, rules = find_stacks(workspace), load_rules(workspace.root, {})
    found = verify(workspace, stacks, rules, without_key=without_key)
    assert_silent(found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "_KEPT", 0)
        assert verify(workspace, stacks, rules, without_key=without_key) == found
    return found


def assert_silent(findings: Iterable[Finding]) -> None:
    """No finding may hold a value of a managed secret, or a part of one."""
    for finding in findings:
        words = repr((astuple(finding.place), finding.message, finding.fix))
        for value in VALUES.values():
            assert value[:12] not in words
        assert finding.fix
        assert finding.message


def filled(root: Path) -> Tree:
    """Copy the guide's repository with all its values filled in, in plain text."""
    shutil.copytree(GUIDE, root, dirs_exist_ok=True)
    (root / ".git").mkdir(exist_ok=True)
    tree = Tree(root)
    for name, value in VALUES.items():
        tree.edit(POSTGRES, f"{name}: CHANGE_ME_BEFORE_DEPLOY", f"{name}: {value}")
    for option, name in _OPTIONS.items():
        quote = "" if option == "password" else '"'
        tree.edit(SYNAPSE, f"{option}: {quote}CHANGE_ME_BEFORE_DEPLOY", f"{option}: {quote}{VALUES[name]}")
    tree.edit(SYNAPSE, 'server_name: "matrix.example.com"', f'server_name: "{ADDRESS}"')
    tree.edit(SYNAPSE, '"http://matrix.example.com:30067"', f'"http://{ADDRESS}:30067"')
    tree.edit(ELEMENT, '"base_url": "http://<NODE_IP>', f'"base_url": "http://{ADDRESS}')
    tree.edit(ELEMENT, '"server_name": "matrix.example.com"', f'"server_name": "{ADDRESS}"')
    return tree
