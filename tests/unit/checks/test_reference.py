"""The registry and its reference page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from matrix_secrets.checks import registry
from matrix_secrets.operations.doctor import registry as doctor

if TYPE_CHECKING:
    from matrix_secrets.checks.kind import Kind

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "findings.md"
COMMANDS = {
    "audit",
    "cluster enable-decryption",
    "cluster install-key",
    "cluster reconcile",
    "keys add",
    "keys remove",
    "configure",
    "generate",
    "encrypt",
    "seal",
    "rotate",
    "edit",
    "decrypt",
    "show",
    "verify",
    "keys generate",
    "keys sync",
    "registration close",
    "federation off",
}


def kinds() -> list[Kind]:
    """All kinds, of verify and of doctor."""
    return [*registry.kinds(), *doctor.kinds()]


def test_ids_are_told_apart() -> None:
    names = [kind.id for kind in kinds()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(?:-[a-z]+)+", name) for name in names)


def test_the_page_lists_exactly_the_registry() -> None:
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split(" | "))
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    wanted = [(f"`{kind.id}`", kind.severity.value, kind.meaning, kind.remedy) for kind in kinds()]
    assert sorted(rows) == sorted(wanted)


def test_remedies_name_commands_that_exist() -> None:
    for kind in kinds():
        for words in re.findall(r"`matrix-secrets ([^`]*)`", kind.remedy):
            assert any(words.startswith(command) for command in COMMANDS), words
