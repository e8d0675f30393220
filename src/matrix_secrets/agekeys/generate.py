"""New identities, and the files they are kept in."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.identity import Identity
from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.transaction.durable import sync_directory

if TYPE_CHECKING:
    from pathlib import Path

_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ELSEWHERE: Final = "choose another file with --out"


def generate_identity(source: str = "a new identity") -> Identity:
    """Make an x25519 identity from the system's random numbers."""
    import pyrage  # noqa: PLC0415  (a compiled library: only for runs that touch keys)

    return Identity.from_age_key(str(pyrage.x25519.Identity.generate()), source)


def identity_file_text(identity: Identity, created: datetime | None = None) -> SecretValue:
    """Write an identity file's text as age-keygen does: when it was made, its recipient, the private key."""
    moment = (created or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = (f"# created: {moment}", f"# public key: {identity.recipient}", identity.secret.reveal())
    return SecretValue("".join(f"{line}\n" for line in lines))


def encrypt_with_passphrase(text: SecretValue, passphrase: SecretValue) -> str:
    """Encrypt an identity file's text with age's own passphrase form (scrypt), armored. Takes about a second.

    Raises `RefusedError` for an empty passphrase.
    """
    import pyrage  # noqa: PLC0415  (the same)

    if not passphrase:
        raise RefusedError("the passphrase is empty", hint="choose one that nobody can guess: the file is only as safe")
    return pyrage.passphrase.encrypt(text.reveal().encode(), passphrase.reveal(), armored=True).decode("ascii")


def write_identity(path: Path, text: SecretValue | str) -> None:
    """Write a new identity file, 0600, its missing directories 0700. ``text`` is a str only if it is encrypted.

    Never overwrites: raises `RefusedError` if there is anything at ``path`` or it may not be written, `OutsideError`
    if the disk does not take it; then no file is left behind.
    """
    data = (text.reveal() if isinstance(text, SecretValue) else text).encode()
    try:
        _make_private(path.parent)
    except OSError as error:
        raise RefusedError(f"cannot create {path.parent}: {error.strerror}", hint=_ELSEWHERE) from None
    try:
        descriptor = os.open(path, _NEW_FILE, 0o600)
    except FileExistsError:
        message = f"{path} exists already, and a key is never overwritten: whatever it opens would be lost"
        raise RefusedError(message, hint="keep using it, or choose another file with --out") from None
    except OSError as error:
        raise RefusedError(f"cannot create {path}: {error.strerror}", hint=_ELSEWHERE) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        sync_directory(path.parent)
    except OSError as error:
        _remove(path)
        raise OutsideError(f"cannot write {path}: {error.strerror}; no file was left there") from None
    except BaseException:
        _remove(path)
        raise


def _make_private(directory: Path) -> None:
    """Make a directory and its missing parents, each open to its owner only, whatever the umask."""
    if not directory.is_dir():
        _make_private(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
