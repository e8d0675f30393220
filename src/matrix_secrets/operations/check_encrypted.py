"""Whether anything secret stands in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.checks import plaintext
from matrix_secrets.checks.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.findings import Finding
    from matrix_secrets.sops.creationrules import CreationRules
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


def check_encrypted(
    workspace: Workspace, stacks: Sequence[Stack], rules: CreationRules | None, files: Sequence[str] = ()
) -> list[Finding]:
    """Return a finding for each secret in plain text, in the named files or in all of the stacks'."""
    subject = Subject(workspace, stacks, rules, without_key=True)
    return [finding for finding in plaintext.check(subject) if not files or finding.place.file in files]
