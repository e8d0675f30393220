"""The real ``sops`` as an engine: it encrypts, decrypts and proves; the file keeps its own formatting."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

from matrix_secrets.errors import BadManifestError, NoIdentityError, OutsideError, Place, RefusedError
from matrix_secrets.manifests.nodes import Mapping
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.alignment import COMMENT, Pair, bare, pairs_of_decryption, pairs_of_encryption
from matrix_secrets.sops.engine import Encrypted
from matrix_secrets.sops.keeping import Kept
from matrix_secrets.sops.memorydirectory import memory_directory
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.sops.opening import open_file
from matrix_secrets.sops.placement import blocks
from matrix_secrets.sops.process import HINT
from matrix_secrets.sops.proof import prove
from matrix_secrets.sops.refusals import check_file
from matrix_secrets.sops.sealing import Sealing
from matrix_secrets.sops.sopskey import SopsKey, UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.cipher import DataKey
    from matrix_secrets.sops.creationrules import CreationRule
    from matrix_secrets.sops.engine import Engine
    from matrix_secrets.sops.metadata import Metadata
    from matrix_secrets.sops.opening import Opened
    from matrix_secrets.sops.process import SopsProgram
    from matrix_secrets.sops.sealing import Reuse, Wanted

_ROUNDS: Final = 3


class UnseenCommentError(BadManifestError):
    """A comment in an encrypted branch is lost to sops's YAML library, or moves to another branch."""


class BinaryEngine:
    """Does SOPS with the real program. ``builtin`` changes single values of files that only have age recipients.

    sops finds its identities itself. What it returns in its own formatting is aligned with the file's text and its
    ciphertexts, or plain values, are spliced in; then it is asked again, and the results are compared.
    """

    def __init__(self, program: SopsProgram, builtin: Engine) -> None:
        self._program = program
        self._builtin = builtin

    @property
    def name(self) -> str:
        """``binary``."""
        return "binary"

    def encrypt(self, plain: str, *, file: str, rule: CreationRule) -> Encrypted:
        """Encrypt under a new data key. Raises BadManifestError, RefusedError, OutsideError."""
        stream = parse(plain, file)
        check_file(stream)
        _check_keys(rule, file)
        made = _parsed(self._program.encrypt(plain, rule.as_config(), file=file))
        try:
            return self._spliced(stream, made, None)
        except UnseenCommentError:
            if rule.other_keys or rule.groups > 1:
                raise
        # What sops does not see, builtin encrypts all the same; that sops reads the result is still proven.
        result = self._builtin.encrypt(plain, file=file, rule=rule)
        with suppress(NoIdentityError):
            self._program.decrypt(result.text, file=file)
        return result

    def decrypt(self, encrypted: str, *, file: str) -> str:
        """Return the plain text. Raises NoIdentityError, TamperedError, BadManifestError, OutsideError."""
        return self._opened(parse(encrypted, file)).plain

    def update(self, encrypted: str, plain: str, *, file: str) -> Encrypted:
        """Encrypt another plain text; what did not change keeps its ciphertext.

        A file with other keys than age's goes through ``sops edit``, which writes a temporary file: it stands in
        memory, and RefusedError says so where no such place is to be had.
        """
        stream = parse(encrypted, file)
        metadata = read_metadata(stream)
        if not metadata.other_keys and metadata.groups == 1:
            try:
                return self._builtin.update(encrypted, plain, file=file)
            except NoIdentityError:
                pass  # an identity that only sops can use: a plugin's, a post-quantum one
        opened = self._opened(stream)
        if opened.plain == plain:
            comments = sum(value.kind == "comment" for value in opened.values)
            return Encrypted(encrypted, len(opened.values) - comments, comments, len(stream.documents))
        new = parse(plain, file)
        check_file(new)
        with memory_directory(self._program.env) as directory:
            made = parse(self._program.edit(directory, encrypted, plain, file=file), file)
        return self._spliced(new, made, opened)

    def _opened(self, stream: Stream) -> Opened:
        metadata = read_metadata(stream)
        theirs = parse(self._program.decrypt(stream.text, file=stream.file), stream.file)
        key = SopsKey(pairs_of_decryption(stream, theirs, metadata.selection), metadata)
        key.take_mac(stream, metadata)
        return open_file(stream, metadata, _as_data_key(key))

    def _spliced(self, plain: Stream, made: Stream, old: Opened | None) -> Encrypted:
        """Put sops's ciphertexts into the file's own text, open that again, and compare."""
        metadata = read_metadata(made)
        pairs = pairs_of_encryption(plain, made, metadata.selection)
        if old is not None:  # sops encrypts comments anew; what did not change keeps its ciphertext here
            pairs += [Pair(value.item.aad, value.kind, value.text, bare(value.ciphertext)) for value in old.values]
        reuse: Reuse = _TheirBlock(plain, made) if old is None else Kept(old)
        paths: dict[int, str] = {}
        for _ in range(_ROUNDS):
            key = _as_data_key(SopsKey(pairs, metadata))
            sealing = Sealing(plain, metadata, key, reuse)
            try:
                sealed = sealing.seal(metadata.lastmodified, paths)
            except UnknownValueError:
                break
            proof = prove(plain, sealing.attached, sealed, key)
            if not proof.moved_comments:
                self._ask_again(sealed.text, plain, pairs, sealed.comments)
                return Encrypted(sealed.text, sealed.values, sealed.comments, len(plain.documents), proof.notes)
            paths |= proof.moved_comments
        raise UnseenCommentError(
            "a comment that sops does not see, or sees in another place once the file is encrypted",
            place=Place(plain.file),
            cause="left as it is, it would stay readable",
            hint="put each comment right above the key it belongs to. Nothing was changed.",
        )

    def _ask_again(self, sealed: str, plain: Stream, pairs: Sequence[Pair], comments: int) -> None:
        """Have sops decrypt the result and compare. Without an identity the comparison of lengths has to do."""
        try:
            theirs = self._program.decrypt(sealed, file=plain.file)
        except NoIdentityError:
            return
        stream = parse(sealed, plain.file)
        again = pairs_of_decryption(stream, parse(theirs, plain.file), read_metadata(stream).selection)
        if not set(again) <= set(pairs) or sum(pair.kind == COMMENT for pair in again) != comments:
            raise OutsideError(
                "what sops decrypts is not what was encrypted; nothing was changed",
                place=Place(plain.file),
                hint="add --engine builtin, and please report this with a file of the same shape and made-up values",
            )


class _TheirBlock:
    """Has the ``sops:`` block as sops wrote it: it may hold keys that are not understood here."""

    as_entries = False

    def __init__(self, plain: Stream, made: Stream) -> None:
        self._plain = plain
        removal = blocks(made)[0]
        text = "" if removal is None else made.text[removal.start : removal.end]
        self._lines = text.strip("\n").split("\n")

    def start(self) -> None:
        """Nothing to begin with."""

    def leaves_comment(self, text: str) -> bool:  # noqa: ARG002  (the Protocol's)
        """No ciphertext was there before."""
        return False

    def edits(self, wanted: Wanted, plain: str) -> None:
        """Nothing was encrypted before."""

    def block(self, document: int, metadata: Metadata, indent: str) -> str | None:
        """Return the block, indented as the document is. Raises BadManifestError where it cannot stand there."""
        root = self._plain.documents[document].root
        if isinstance(root, Mapping) and root.flow and (metadata.other_keys or metadata.groups > 1):
            raise BadManifestError(
                "a document in { } cannot take the block that this rule's keys need",
                place=Place(self._plain.file, f"document {document + 1}"),
                hint="write the document in block style, without the braces. Nothing was changed.",
            )
        return "".join((indent + line if line else "") + self._plain.newline for line in self._lines)


def _check_keys(rule: CreationRule, file: str) -> None:
    """Refuse a rule that encrypts for nobody, or for a recipient that is none: sops would only fail."""
    from matrix_secrets.agekeys.recipient import Recipient  # noqa: PLC0415  (a compiled library behind it)

    if not rule.recipients and not rule.other_keys:
        raise RefusedError("no recipient to encrypt it for", place=Place(file), hint="matrix-secrets keys generate")
    for recipient in rule.recipients:
        Recipient.parse(recipient)


def _parsed(text: str) -> Stream:
    """What sops returned. Raises OutsideError where that is no encrypted file, whatever its exit code was."""
    try:
        stream = parse(text)
        read_metadata(stream)
    except BadManifestError:
        raise OutsideError("sops returned no encrypted file; nothing was changed", hint=HINT) from None
    return stream


def _as_data_key(key: SopsKey) -> DataKey:
    """Sealing and opening only ever call what the two have in common."""
    return cast("DataKey", key)
