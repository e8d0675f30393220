"""Private age keys in the work tree: one commit away from everybody who can clone it."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.sweep import Scanner, line_of
from matrix_secrets.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding

PRIVATE_KEY: Final = error(
    "private-key-in-tree",
    "A file of the work tree that Git does not ignore holds a private age key: whoever gets the repository reads "
    "everything.",
    "Move it to `~/.config/sops/age/keys.txt`. If it was ever pushed, make a new one and encrypt for that.",
)
KINDS: Final = (PRIVATE_KEY,)

# Bech32, 58 characters behind the prefix: https://age-encryption.org/v1; AGE-SECRET-KEY-PQ-1 is age 1.3's
_KEY: Final = re.compile(rb"AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{50,}")


def scanner(subject: Subject) -> Scanner:
    """Make the scanner; it needs nothing of the stacks."""
    del subject
    return _scan


def _scan(file: str, raw: bytes) -> Iterator[Finding]:
    found = _KEY.search(raw) if b"AGE-SECRET-KEY-" in raw else None
    if found is not None:
        place = Place(file, line=line_of(raw, found.start()))
        move = f"mv -n {shlex.quote(file)} ~/.config/sops/age/keys.txt"
        fix = f"mkdir -p ~/.config/sops/age && {move} (or add its lines to that file)"
        yield PRIVATE_KEY.at(place, "a private age key stands in the work tree, and Git does not ignore it", fix)
