"""PostgreSQL's password verifiers: what stands in ``pg_authid.rolpassword``, made and compared without logging in.

``SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>``, in base64
(https://www.postgresql.org/docs/current/catalog-pg-authid.html; the keys are those of RFC 5802 and RFC 7677).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final

from matrix_secrets.errors import RefusedError
from matrix_secrets.secretvalue import SecretValue

MECHANISM: Final = "SCRAM-SHA-256"
_SCRAM: Final = re.compile(r"SCRAM-SHA-256\$(\d{1,10}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")
_MD5: Final = re.compile(r"md5([0-9a-f]{32})")
_ITERATIONS: Final = 4096  # PostgreSQL's own, and the least that RFC 7677 allows
_SALT_BYTES: Final = 16


def make_verifier(password: SecretValue) -> SecretValue:
    """Make a verifier with a new salt, as PostgreSQL would.

    Raises RefusedError for a password that SASLprep (RFC 4013) does not let through.
    """
    import secrets  # noqa: PLC0415  with the library below: only where a database is asked

    salt = secrets.token_bytes(_SALT_BYTES)
    keys = _keys(password, salt, _ITERATIONS)
    if keys is None:
        raise RefusedError(
            "the password holds characters that no password of PostgreSQL may hold",
            hint="give it another value: matrix-secrets generate makes one that fits everywhere",
        )
    stored, server = (base64.b64encode(key).decode() for key in keys)
    return SecretValue(f"{MECHANISM}${_ITERATIONS}:{base64.b64encode(salt).decode()}${stored}:{server}")


def accepts(verifier: SecretValue, password: SecretValue, role: str) -> bool:
    """Whether a role with this verifier accepts a password. An empty one, or one of no known kind, accepts none."""
    text = verifier.reveal()
    if (old := _MD5.fullmatch(text)) is not None:
        # What PostgreSQL kept before version 14, unless told otherwise.
        found = hashlib.md5(password.reveal().encode() + role.encode(), usedforsecurity=False).hexdigest()
        return hmac.compare_digest(found, old[1])
    parts = _SCRAM.fullmatch(text)
    if parts is None:
        return False
    try:
        salt, stored, server = (base64.b64decode(part, validate=True) for part in parts.groups()[1:])
    except binascii.Error:
        return False
    keys = _keys(password, salt, int(parts[1]))
    return keys is not None and hmac.compare_digest(keys[0] + keys[1], stored + server)


def _keys(password: SecretValue, salt: bytes, iterations: int) -> tuple[bytes, bytes] | None:
    """Return StoredKey and ServerKey; None where there are none for such a password, salt or count."""
    from scramp import ScramException, ScramMechanism  # noqa: PLC0415  only where a database is asked

    try:
        _, stored, server, _ = ScramMechanism(MECHANISM).make_auth_info(password.reveal(), iterations, salt)
    except ScramException:
        return None
    return stored, server
