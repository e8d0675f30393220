"""Private age keys in the work tree: one commit away from everybody who can clone it."""

from __future__ import annotations

import base64
import binascii
import re
import shlex
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.spellings import aligned
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

PREFIX: Final = b"AGE-SECRET-KEY-"
# Bech32, 58 characters behind the prefix: https://age-encryption.org/v1; AGE-SECRET-KEY-PQ-1 is age 1.3's
_KEY: Final = re.compile(rb"AGE-SECRET-KEY-(?:1[02-9AC-HJ-NP-Z]{50,58}|PQ-1[02-9AC-HJ-NP-Z]{50,})")
# A Kubernetes Secret made from a key file has it in base64. The number is where the group of four starts before it.
IN_BASE64: Final = tuple((aligned(PREFIX, shift), start) for shift, start in ((0, 0), (1, 2), (2, 3)))
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]+")
_WHITE: Final = b" \t\r\n"


def private_keys(raw: bytes) -> Iterator[tuple[int | None, bytes]]:
    """Yield the private keys in a content with their offsets; None for one in base64, which may take several lines."""
    if PREFIX in raw:
        for found in _KEY.finditer(raw):
            yield found.start(), found[0]
    compact = raw.translate(None, _WHITE)
    for code, before in IN_BASE64:
        at = compact.find(code)
        while at >= 0:
            run = _BASE64.match(compact, max(at - before, 0))
            yield from ((None, key) for key in _decoded(run[0] if run else b""))
            at = compact.find(code, at + 1)


def _decoded(code: bytes) -> Iterator[bytes]:
    try:
        text = base64.b64decode(code[: len(code) // 4 * 4])
    except binascii.Error:
        return
    for found in _KEY.finditer(text):
        yield found[0]


def scanner(subject: Subject) -> Scanner:
    """Make the scanner; it needs nothing of the stacks."""
    del subject
    return _scan


def _scan(file: str, raw: bytes) -> Iterator[Finding]:
    found = next(private_keys(raw), None)
    if found is not None:
        offset, _ = found
        place = Place(file, line=None if offset is None else line_of(raw, offset))
        move = f"mv -n {shlex.quote(file)} ~/.config/sops/age/keys.txt"
        fix = f"mkdir -p ~/.config/sops/age && {move} (or add its lines to that file)"
        encoded = ", in base64" if offset is None else ""
        message = f"a private age key stands in the work tree{encoded}, and Git does not ignore it"
        yield PRIVATE_KEY.at(place, message, fix)
