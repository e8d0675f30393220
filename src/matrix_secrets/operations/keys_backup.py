"""An identity under a passphrase, and the drill: what the copy opens, tried in memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from matrix_secrets.agekeys.generate import encrypt_with_passphrase, write_identity
from matrix_secrets.agekeys.identityfile import load_identities
from matrix_secrets.agekeys.places import shown
from matrix_secrets.agekeys.recipient import RecipientKind
from matrix_secrets.errors import MatrixSecretsError, NoIdentityError, RefusedError
from matrix_secrets.operations.keys_place import refuse_exposed, usual_path
from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.sops.builtin import BuiltinEngine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matrix_secrets.agekeys.identity import AskPassphrase, Identity
    from matrix_secrets.operations.keys_files import SealedFile


@dataclass(frozen=True, slots=True)
class Drill:
    """Which of today's files some identities open, and which not, with the reason. Nothing of them was written."""

    opened: tuple[str, ...]
    closed: tuple[tuple[str, str], ...]

    @property
    def useless(self) -> bool:
        """Whether there are files, and none opens."""
        return bool(self.closed) and not self.opened


@dataclass(frozen=True, slots=True)
class Installed:
    """An identity file as it was put in place; ``made`` is False where it stood there already."""

    path: Path
    shown: str
    recipients: tuple[str, ...]
    made: bool


def worth_keeping(identities: Sequence[Identity]) -> list[Identity]:
    """Return the age identities: an ssh key has a file and a backup of its own.

    Raises NoIdentityError where there is none.
    """
    found = [identity for identity in identities if identity.recipient.kind is RecipientKind.X25519]
    if not found:
        raise NoIdentityError(
            "there is no age identity to back up",
            hint="matrix-secrets keys generate, or name one: --identity FILE",
        )
    return found


def write_backup(path: Path, name: str, identities: Sequence[Identity], passphrase: SecretValue) -> list[Identity]:
    """Write identities under a passphrase, and read them back from the disk: those that are returned.

    Raises RefusedError for a file that exists, or would stand where a commit could take it.
    """
    if os.path.lexists(path):
        raise RefusedError(
            f"{name} exists already, and is never overwritten", hint="choose another name for the backup"
        )
    refuse_exposed(path, name)
    write_identity(path, encrypt_with_passphrase(_text(identities), passphrase))
    return load_identities(path, name, lambda _: passphrase)


def drill(files: Sequence[SealedFile], identities: Sequence[Identity]) -> Drill:
    """Open every file with these identities alone, MAC and all."""
    engine = BuiltinEngine(lambda: identities)
    opened: list[str] = []
    closed: list[tuple[str, str]] = []
    for each in files:
        try:
            engine.opened(each.text, file=each.file)
        except MatrixSecretsError as error:
            closed.append((each.file, error.message))
        else:
            opened.append(each.file)
    return Drill(tuple(opened), tuple(closed))


def read_backup(path: Path, name: str, ask: AskPassphrase) -> list[Identity]:
    """Open a backup in memory. Raises RefusedError where it cannot be read, NoIdentityError for a wrong passphrase."""
    return load_identities(path, name, ask)


def install(env: Mapping[str, str], identities: Sequence[Identity], out: Path | None) -> Installed:
    """Put identities where sops looks for them, or into ``out``; never over a file.

    Raises RefusedError where another identity is there.
    """
    path = out if out is not None else usual_path(env)
    name = shown(path, env)
    recipients = tuple(str(identity.recipient) for identity in identities)
    if os.path.lexists(path):
        there = _there(path, name)
        if set(identities) <= set(there):
            return Installed(path, name, recipients, made=False)
        raise RefusedError(
            f"{name} exists already and holds other keys: it is never overwritten",
            hint="matrix-secrets keys recover FILE --out OTHER, then: export SOPS_AGE_KEY_FILE=OTHER; sops reads both",
        )
    refuse_exposed(path, name)
    write_identity(path, _text(identities))
    return Installed(path, name, recipients, made=True)


def _there(path: Path, name: str) -> list[Identity]:
    try:
        return load_identities(path, name)
    except MatrixSecretsError:
        return []


def _text(identities: Sequence[Identity]) -> SecretValue:
    lines = [f"# public key: {identity.recipient}\n{identity.secret.reveal()}\n" for identity in identities]
    return SecretValue("".join(lines))
