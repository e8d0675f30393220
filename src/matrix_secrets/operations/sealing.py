"""Encryption of plain files that another command is about to write, by the rules of the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.manifests.parse import parse
from matrix_secrets.operations.encrypt import plan_encrypt
from matrix_secrets.sops.creationrules import load_rules
from matrix_secrets.sops.metadata import read_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.operations.coverage import Named
    from matrix_secrets.operations.plan import Plan
    from matrix_secrets.stack.workspace import Workspace


class RuleSealing:
    """Encrypts as ``matrix-secrets encrypt`` does; see `writing.Sealing`."""

    def __init__(self, workspace: Workspace) -> None:
        self._rules = load_rules(workspace.root)

    def covers(self, file: str) -> bool:
        """Tell whether a creation rule covers the file, one that encrypts too much included."""
        return self._rules is not None and self._rules.rule_for(file) is not None

    def plan(self, workspace: Workspace, files: Sequence[str], like: Mapping[str, Sequence[str]]) -> Plan:
        """Plan the encryption of plain files; see `writing.Sealing`."""
        return plan_encrypt(workspace, (), files, own=lambda file: self._readers(workspace, like.get(file, ())))

    def _readers(self, workspace: Workspace, like: Sequence[str]) -> Sequence[Named]:
        names = self._rules.names if self._rules is not None else {}
        blocks = [read_metadata(parse(workspace.read(file).disk_text, file)) for file in like]
        recipients = dict.fromkeys(recipient for block in blocks for recipient, _ in block.age)
        return tuple((recipient, names.get(recipient, "")) for recipient in recipients)
