"""SOPS in process: the same format as the real one, the file's own formatting kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, NoIdentityError, Place, RefusedError, TamperedError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.cipher import KEY_SIZE, DataKey
from matrix_secrets.sops.engine import Encrypted
from matrix_secrets.sops.keeping import Kept
from matrix_secrets.sops.metadata import Metadata, for_rule, read_metadata
from matrix_secrets.sops.opening import Opened, open_file
from matrix_secrets.sops.proof import prove
from matrix_secrets.sops.sealing import NothingKept, Reuse, Sealed, Sealing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matrix_secrets.agekeys.identity import Identity
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.creationrules import CreationRule

_ROUNDS: Final = 3


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

    @property
    def name(self) -> str:
        """``builtin``."""
        return "builtin"

    def encrypt(self, plain: str, *, file: str, rule: CreationRule) -> Encrypted:
        """Encrypt under a new data key for the rule's recipients. Raises BadManifestError, RefusedError."""
        stream = parse(plain, file)
        key = DataKey.new()
        metadata = for_rule(rule, wrapped(key, rule, file))
        return self._encrypted(stream, metadata, key, NothingKept())

    def decrypt(self, encrypted: str, *, file: str) -> str:
        """Return the plain text. Raises NoIdentityError, TamperedError, BadManifestError."""
        return self.opened(encrypted, file=file).plain

    def update(self, encrypted: str, plain: str, *, file: str) -> Encrypted:
        """Encrypt another plain text; what did not change keeps its ciphertext, and nothing changed is nothing done."""
        opened = self.opened(encrypted, file=file)
        if opened.plain == plain:
            found = [value.kind == "comment" for value in (*opened.values, *opened.strays)]
            return Encrypted(encrypted, found.count(False), found.count(True), len(opened.stream.documents))
        return self._encrypted(parse(plain, file), opened.metadata, opened.key, Kept(opened))

    def opened(self, encrypted: str, *, file: str) -> Opened:
        """Decrypt, and keep what was learnt. Raises as `decrypt`."""
        stream = parse(encrypted, file)
        metadata = read_metadata(stream)
        return open_file(stream, metadata, self.data_key(metadata, file))

    def data_key(self, metadata: Metadata, file: str) -> DataKey:
        """Open a file's data key with the identities at hand. Raises NoIdentityError where none fits."""
        from matrix_secrets.agekeys.wrap import unwrap_data_key  # noqa: PLC0415  (a compiled library behind it)

        if metadata.groups > 1 or not metadata.age:
            kinds = ", ".join(metadata.other_keys) or "no key at all"
            what = "Shamir key groups" if metadata.groups > 1 else kinds
            raise NoIdentityError(
                f"is encrypted for {what}: only the sops program can open it",
                place=Place(file),
                hint="install sops, then add --engine binary",
            )
        if self._identities is None:
            self._identities = self._identities_of()
        key = unwrap_data_key(metadata.age, self._identities)
        if key is None and self._unlock is not None:
            unlock, self._unlock = self._unlock, None
            self._identities = unlock() or self._identities
            key = unwrap_data_key(metadata.age, self._identities)
        if key is None:
            readers = ", ".join(_short(recipient) for recipient, _ in metadata.age)
            mine = ", ".join(identity.recipient.short for identity in self._identities) or "none"
            raise NoIdentityError(
                "no identity at hand opens it",
                place=Place(file),
                cause=f"it is encrypted for {readers}; identities found: {mine}",
                hint="set SOPS_AGE_KEY_FILE to the identity's file, or ask a recipient for: matrix-secrets keys add",
            )
        if len(key) != KEY_SIZE:
            raise TamperedError("its data key is damaged", place=Place(file), hint=f"restore {file} from Git")
        return DataKey(key)

    def _encrypted(self, stream: Stream, metadata: Metadata, key: DataKey, reuse: Reuse) -> Encrypted:
        """Seal, open again as sops does, and compare, before anything is returned."""
        sealing = Sealing(stream, metadata, key, reuse)
        now = self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
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
                return _result(stream, sealed, proof.changed)
            paths |= proof.moved_comments
        raise BadManifestError(
            "a comment that sops would look for in another place once the file is encrypted",
            place=Place(stream.file),
            hint="put each comment right above the key it belongs to. Nothing was changed.",
        )


def wrapped(key: DataKey, rule: CreationRule, file: str) -> tuple[tuple[str, str], ...]:
    """Wrap a data key for a rule's recipients. Raises RefusedError where it has none or others than age's."""
    from matrix_secrets.agekeys.recipient import Recipient  # noqa: PLC0415  (a compiled library behind it)
    from matrix_secrets.agekeys.wrap import wrap_data_key  # noqa: PLC0415

    if rule.other_keys or getattr(rule, "groups", 1) > 1:
        what = ", ".join(rule.other_keys) or "several key groups"
        raise RefusedError(
            f"its rule asks for {what}: only the sops program can do that",
            place=Place(file),
            hint="install sops, then add --engine binary",
        )
    if not rule.recipients:
        raise RefusedError("no recipient to encrypt it for", place=Place(file), hint="matrix-secrets keys generate")
    recipients = [Recipient.parse(text) for text in rule.recipients]
    return tuple((str(who), armored) for who, armored in wrap_data_key(key.reveal(), recipients).items())


def _result(stream: Stream, sealed: Sealed, changed: Sequence[Place]) -> Encrypted:
    notes = tuple(
        Finding(
            "formatting-not-kept",
            Severity.WARNING,
            place,
            "decrypting gives the same value in another spelling: folded lines and escapes are not kept",
            "write it as a literal block (|) to have it back as it is",
        )
        for place in changed
    )
    return Encrypted(sealed.text, sealed.values, sealed.comments, len(stream.documents), notes)


def _short(recipient: str) -> str:
    from matrix_secrets.agekeys.recipient import short  # noqa: PLC0415  (only for messages)

    return short(recipient)
