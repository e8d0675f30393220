"""SOPS in process: the same format as the real one, the file's own formatting kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from matrix_secrets.errors import NoIdentityError, Place, TamperedError
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.cipher import KEY_SIZE, DataKey
from matrix_secrets.sops.engine import Encrypted
from matrix_secrets.sops.metadata import Metadata, read_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matrix_secrets.agekeys.identity import Identity
    from matrix_secrets.sops.creationrules import CreationRule
    from matrix_secrets.sops.opening import Opened


def _now() -> datetime:
    return datetime.now(UTC)


class BuiltinEngine:
    """The built-in engine. ``identities`` is asked once, for the first file opened; ``clock`` gives lastmodified.

    ``unlock`` is asked once, for the first file that those do not open: it may ask for passphrases.
    """

    def __init__(
        self,
        identities: Callable[[], Sequence[Identity]],
        clock: Callable[[], datetime] = _now,
        *,
        unlock: Callable[[], Sequence[Identity]] | None = None,
    ) -> None:
        self._identities_of = identities
        self._unlock = unlock
        self._clock = clock
        self._identities: Sequence[Identity] | None = None
        self._keys: dict[tuple[tuple[str, str], ...], DataKey] = {}
        self._by_stanza: dict[tuple[str, str], DataKey] = {}

    @property
    def name(self) -> str:
        """``builtin``."""
        return "builtin"

    def encrypt(self, plain: str, *, file: str, rule: CreationRule) -> Encrypted:
        """Encrypt under a new data key for the rule's recipients. Raises BadManifestError, RefusedError."""
        from matrix_secrets.sops.encryption import encrypt_anew  # noqa: PLC0415  (not for what only decrypts)

        return encrypt_anew(parse(plain, file), rule, self._clock())

    def decrypt(self, encrypted: str, *, file: str) -> str:
        """Return the plain text. Raises NoIdentityError, TamperedError, BadManifestError."""
        return self.opened(encrypted, file=file).plain

    def update(self, encrypted: str, plain: str, *, file: str) -> Encrypted:
        """Encrypt another plain text; what did not change keeps its ciphertext, and nothing changed is nothing done."""
        opened = self.opened(encrypted, file=file)
        if opened.plain == plain:
            found = [value.kind == "comment" for value in (*opened.values, *opened.strays)]
            return Encrypted(encrypted, found.count(False), found.count(True), len(opened.stream.documents))
        from matrix_secrets.sops.encryption import encrypt_again  # noqa: PLC0415  (the same)

        return encrypt_again(parse(plain, file), opened, self._clock())

    def opened(self, encrypted: str, *, file: str) -> Opened:
        """Decrypt, and keep what was learnt. Raises as `decrypt`."""
        from matrix_secrets.sops.opening import open_file  # noqa: PLC0415  (not for data keys alone)

        stream = parse(encrypted, file)
        metadata = read_metadata(stream)
        return open_file(stream, metadata, self.data_key(metadata, file))

    def data_key(self, metadata: Metadata, file: str) -> DataKey:
        """Open a file's data key with the identities at hand, once. Raises NoIdentityError where none fits."""
        if metadata.groups > 1 or not metadata.age:
            kinds = ", ".join(metadata.other_keys) or "no key at all"
            what = "Shamir key groups" if metadata.groups > 1 else kinds
            raise NoIdentityError(
                f"is encrypted for {what}: only the sops program can open it",
                place=Place(file),
                hint="install sops, then add --engine binary",
            )
        if metadata.age not in self._keys:
            known = (self._by_stanza[stanza] for stanza in metadata.age if stanza in self._by_stanza)
            self._keys[metadata.age] = next(known, None) or self._unwrapped(metadata, file)
        return self._keys[metadata.age]

    def _unwrapped(self, metadata: Metadata, file: str) -> DataKey:
        from matrix_secrets.agekeys.wrap import open_stanza  # noqa: PLC0415  (a compiled library behind it)

        if self._identities is None:
            self._identities = self._identities_of()
        found = open_stanza(metadata.age, self._identities)
        if found is None and self._unlock is not None:
            unlock, self._unlock = self._unlock, None
            self._identities = unlock() or self._identities
            found = open_stanza(metadata.age, self._identities)
        if found is None:
            readers = ", ".join(_short(recipient) for recipient, _ in metadata.age)
            mine = ", ".join(identity.recipient.short for identity in self._identities) or "none"
            raise NoIdentityError(
                "no identity at hand opens it",
                place=Place(file),
                cause=f"it is encrypted for {readers}; identities found: {mine}",
                hint="set SOPS_AGE_KEY_FILE to the identity's file, or ask a recipient for: matrix-secrets keys add",
            )
        stanza, key = found
        if len(key) != KEY_SIZE:
            raise TamperedError("its data key is damaged", place=Place(file), hint=f"restore {file} from Git")
        return self._by_stanza.setdefault(stanza, DataKey(key))


def _short(recipient: str) -> str:
    from matrix_secrets.agekeys.recipient import short  # noqa: PLC0415  (only for messages)

    return short(recipient)
