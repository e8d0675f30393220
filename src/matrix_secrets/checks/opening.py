"""Encrypted files that do not open: tampered with, or nobody here can read them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.errors import NoIdentityError, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding

NOT_CHECKED: Final = error(
    "not-checked",
    "No identity here opens an encrypted file: its values could not be compared, nor its MAC. Left out with "
    "`--without-key`.",
    "Bring an identity that is among its recipients, or run `matrix-secrets verify --without-key`.",
)
MAC: Final = error(
    "mac-mismatch",
    "An encrypted file was changed without its key: the MAC, or a value's own tag, does not fit.",
    "Look at what changed (`git log -p FILE`) and restore it.",
)
KINDS: Final = (NOT_CHECKED, MAC)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each file of a stack that could not be opened."""
    for stack in subject.stacks:
        for file in stack.locked:
            names = [secret.name for secret in stack.managed if any(at.file == file.file for at in secret.locations)]
            what = ", ".join(names) or "its values"
            match file.locked:
                case None:
                    pass
                case NoIdentityError() as why:
                    if not subject.without_key:
                        hint = why.hint or "matrix-secrets verify --without-key"
                        message = f"{why.message}: {what} and the MAC could not be checked"
                        yield NOT_CHECKED.at(Place(file.file), message, hint)
                case why:
                    place = why.place or Place(file.file)
                    yield MAC.at(place, why.message, why.hint or f"git log -p -- {shlex.quote(file.file)}")
