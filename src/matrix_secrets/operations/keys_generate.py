"""A new age identity, where sops looks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.agekeys.generate import (
    encrypt_with_passphrase,
    generate_identity,
    identity_file_text,
    write_identity,
)
from matrix_secrets.agekeys.identityfile import load_identities
from matrix_secrets.agekeys.places import shown
from matrix_secrets.operations.keys_place import refuse_exposed, usual_path
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from matrix_secrets.agekeys.identity import AskPassphrase
    from matrix_secrets.secretvalue import SecretValue


@dataclass(frozen=True, slots=True)
class KeyFile:
    """An identity file; ``made`` says whether it is new, ``shown`` is its path for people."""

    recipients: tuple[str, ...]
    path: Path
    shown: str
    made: bool


def generate_key(
    env: Mapping[str, str],
    out: Path | None,
    *,
    new_passphrase: Callable[[str], SecretValue] | None = None,
    ask: AskPassphrase | None = None,
) -> KeyFile:
    """Make an identity in ``out``, or where sops looks for one; one that is there already is kept and named.

    ``new_passphrase`` is asked with the file's name, and the file encrypted; ``ask`` opens one that is. Raises
    RefusedError for a path in a work tree that is not ignored there, for an ``out`` that exists, and where no file can
    be made; NoIdentityError where the usual file holds no identity, or is under a passphrase that is not given.
    """
    path = out if out is not None else usual_path(env)
    name = shown(path, env)
    if out is None and path.exists():
        found = load_identities(path, name, ask)
        return KeyFile(tuple(str(identity.recipient) for identity in found), path, name, made=False)
    refuse_exposed(path, name)
    identity = generate_identity(name)
    text = identity_file_text(identity)
    if new_passphrase is None:
        write_identity(path, text)
    else:
        write_identity(path, encrypt_with_passphrase(text, new_passphrase(name)))
    return KeyFile((str(identity.recipient),), path, name, made=True)
