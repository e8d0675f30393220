"""Passphrases: typed unseen at a terminal, or read from a file descriptor by scripts; never an argument."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from matrix_secrets.cli import questions
from matrix_secrets.errors import UsageError
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from matrix_secrets.agekeys.identity import AskPassphrase

_LONGEST: Final = 4096  # bytes


def new_passphrase(name: str, descriptor: int | None) -> SecretValue:
    """Ask for a new passphrase, twice. Raises UsageError without a terminal, for an empty one, or two different ones.

    ``descriptor`` is where its first line is read from instead.
    """
    if descriptor is not None:
        return _required(_from_descriptor(descriptor))
    _require_terminal()
    import getpass  # noqa: PLC0415  rarely needed

    first = getpass.getpass(f"New passphrase for {name}: ", stream=sys.stderr)
    if not first:
        raise UsageError("the passphrase is empty", hint="several random words make a good one")
    if getpass.getpass("The same again: ", stream=sys.stderr) != first:
        raise UsageError("the two passphrases are not the same; nothing was made", hint="run the command again")
    return SecretValue(first)


def known_passphrase(descriptor: int | None) -> AskPassphrase:
    """Return what asks for a passphrase once it is needed."""

    def ask(source: str) -> SecretValue | None:
        if descriptor is not None:
            return _required(_from_descriptor(descriptor))
        _require_terminal()
        return questions.passphrase(source)

    return ask


def from_descriptor(descriptor: int) -> SecretValue:
    """Read a password from a file descriptor, its first line. Raises UsageError for none, or an empty one."""
    return _required(_from_descriptor(descriptor, "password"), "password")


def _from_descriptor(descriptor: int, what: str = "passphrase") -> str:
    try:
        with os.fdopen(os.dup(descriptor), "rb") as file:
            line = file.readline(_LONGEST)
        return line.decode("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            f"no {what} can be read from file descriptor {descriptor}",
            hint=f"--{what}-fd 3 3<FILE, in the shell that runs this",
        ) from None


def _required(text: str, what: str = "passphrase") -> SecretValue:
    if not text:
        raise UsageError(f"the {what} is empty", hint=f"its first line is the {what}")
    return SecretValue(text)


def _require_terminal() -> None:
    if not questions.possible():
        raise UsageError("a passphrase is needed and there is no terminal to ask at", hint="add --passphrase-fd N")
