"""Encryption in process: sealed, opened again as sops does, and compared, before anything is returned."""

from __future__ import annotations

from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, Place, RefusedError
from matrix_secrets.sops.cipher import DataKey
from matrix_secrets.sops.engine import Encrypted
from matrix_secrets.sops.keeping import Kept
from matrix_secrets.sops.metadata import for_rule
from matrix_secrets.sops.proof import prove
from matrix_secrets.sops.sealing import NothingKept, Sealing

if TYPE_CHECKING:
    from datetime import datetime

    from matrix_secrets.agekeys.recipient import Recipient
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.creationrules import CreationRule
    from matrix_secrets.sops.metadata import Metadata
    from matrix_secrets.sops.opening import Opened
    from matrix_secrets.sops.sealing import Reuse

_ROUNDS: Final = 3


def encrypt_anew(stream: Stream, rule: CreationRule, at: datetime) -> Encrypted:
    """Encrypt a plain file under a new data key. ``at`` is lastmodified. Raises BadManifestError, RefusedError."""
    key = DataKey.new()
    metadata = for_rule(rule, wrapped(key, rule, stream.file))
    return _proven(stream, metadata, key, NothingKept(), at)


def encrypt_again(stream: Stream, opened: Opened, at: datetime) -> Encrypted:
    """Encrypt another plain text of an opened file; what did not change keeps its ciphertext."""
    return _proven(stream, opened.metadata, opened.key, Kept(opened), at)


def encrypt_with(stream: Stream, metadata: Metadata, key: DataKey, reuse: Reuse, at: datetime) -> Encrypted:
    """Encrypt a plain file under a data key that is known, for the recipients in ``metadata``."""
    return _proven(stream, metadata, key, reuse, at)


def wrapped(key: DataKey, rule: CreationRule, file: str) -> tuple[tuple[str, str], ...]:
    """Wrap a data key for a rule's recipients. Raises RefusedError where it has none or others than age's."""
    from matrix_secrets.agekeys.wrap import wrap_data_key  # noqa: PLC0415  (a compiled library behind it)

    if rule.other_keys or getattr(rule, "groups", 1) > 1:
        what = ", ".join(rule.other_keys) or "several key groups"
        raise RefusedError(
            f"its rule asks for {what}: only the sops program can do that",
            place=Place(file),
            hint="install sops, then add --engine binary",
        )
    if not rule.recipients:
        raise RefusedError("no recipient to encrypt it for", place=Place(file), hint="matrix-secrets keys generate")
    recipients = _parsed(rule.recipients)
    return tuple((str(who), armored) for who, armored in wrap_data_key(key.reveal(), recipients).items())


@lru_cache(maxsize=32)
def _parsed(recipients: tuple[str, ...]) -> tuple[Recipient, ...]:
    from matrix_secrets.agekeys.recipient import Recipient  # noqa: PLC0415  (the same)

    return tuple(Recipient.parse(text) for text in recipients)


def _proven(stream: Stream, metadata: Metadata, key: DataKey, reuse: Reuse, at: datetime) -> Encrypted:
    sealing = Sealing(stream, metadata, key, reuse)
    now = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    paths: dict[int, str] = {}
    for _ in range(_ROUNDS):
        sealed = sealing.seal(now, paths)
        try:
            proof = prove(stream, sealing.attached, sealed, key)
        except BadManifestError:
            if not sealed.entries:
                raise
            reuse.as_entries = False  # the text around them changed too much for that
            continue
        if not proof.moved_comments:
            return Encrypted(sealed.text, sealed.values, sealed.comments, len(stream.documents), proof.notes)
        paths |= proof.moved_comments
    raise BadManifestError(
        "a comment that sops would look for in another place once the file is encrypted",
        place=Place(stream.file),
        hint="put each comment right above the key it belongs to. Nothing was changed.",
    )
