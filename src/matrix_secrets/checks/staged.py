"""Files that a killed run staged, and whose journal is gone: nothing will ever finish or remove them by itself."""

from __future__ import annotations

import posixpath
import shlex
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.errors import Place
from matrix_secrets.transaction.staging import STAGED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.checks.sweep import Scanner
    from matrix_secrets.findings import Finding

LEFTOVER: Final = error(
    "staged-leftover",
    "A killed run left the new content of a file beside it, and the journal that would finish or undo it is gone. It "
    "may hold secrets in plain text, and `git add` would take it.",
    "Delete it. The next change of the file beside it does so, too.",
)
KINDS: Final = (LEFTOVER,)


def scanner(subject: Subject) -> Scanner:
    """Make the scanner; it needs nothing of the stacks."""
    del subject
    return _scan


def _scan(file: str, raw: bytes) -> Iterator[Finding]:
    del raw
    found = STAGED.fullmatch(posixpath.basename(file))
    if found is not None:
        message = f"a killed run left it behind: it was to become {found['name']}"
        yield LEFTOVER.at(Place(file), message, f"rm {shlex.quote(file)}")
