"""The data key, wrapped for each recipient: what stands under ``enc`` in a file's ``sops.age`` list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.agekeys.identity import native as native_identity
from matrix_secrets.agekeys.recipient import Recipient, native
from matrix_secrets.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matrix_secrets.agekeys.identity import Identity


def wrap_data_key(data_key: bytes, recipients: Iterable[Recipient]) -> dict[Recipient, str]:
    """Encrypt the data key for each recipient alone, in their order; a recipient named twice counts once.

    The text is age's armor with a line end after its last line, as sops writes it (age/keysource.go, Encrypt).
    Raises `RefusedError` for a recipient that only the sops program can use: before anything is wrapped.
    """
    import pyrage  # noqa: PLC0415  (a compiled library: only for runs that touch keys)

    keys = {recipient: native(recipient) for recipient in recipients}
    try:
        return {who: pyrage.encrypt(data_key, [key], armored=True).decode("ascii") for who, key in keys.items()}
    except pyrage.EncryptError:
        raise RefusedError("the data key cannot be encrypted for one of the recipients") from None


def unwrap_data_key(stanzas: Sequence[tuple[str, str]], identities: Iterable[Identity]) -> bytes | None:
    """Open the data key with the first identity that can; None if none can. See `open_stanza`."""
    found = open_stanza(stanzas, identities)
    return None if found is None else found[1]


def open_stanza(
    stanzas: Sequence[tuple[str, str]], identities: Iterable[Identity]
) -> tuple[tuple[str, str], bytes] | None:
    """Return the first stanza that an identity opens, with the data key in it; None if there is none.

    ``stanzas`` are (recipient, armored text) as they stand in the file. Those whose recipient is an identity's own are
    tried first. The recipient's name is not authenticated, so the others are tried, too, as sops does.
    """
    import pyrage  # noqa: PLC0415  (the same)

    by_recipient = {identity.recipient: identity for identity in identities}
    keys = [native_identity(identity) for identity in by_recipient.values()]
    if not keys:
        return None
    own = [stanza for stanza in stanzas if _recipient(stanza[0]) in by_recipient]
    others = [stanza for stanza in stanzas if stanza not in own]
    for stanza in (*own, *others):
        try:
            return stanza, pyrage.decrypt(f"{stanza[1].strip()}\n".encode(), keys)
        except pyrage.DecryptError:  # for somebody else, or damaged: another one may open
            continue
    return None


def _recipient(text: str) -> Recipient | None:
    try:
        return Recipient.parse(text)
    except RefusedError:
        return None
