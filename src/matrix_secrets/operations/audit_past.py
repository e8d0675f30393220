"""What older versions of the manifests held where managed secrets stand: in plain text, or encrypted for us, too."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, NoIdentityError
from matrix_secrets.manifests.nodes import Scalar, find
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.resources import is_ciphertext
from matrix_secrets.records import dataclass
from matrix_secrets.sops.metadata import is_encrypted
from matrix_secrets.stack.assembly import assemble
from matrix_secrets.stack.declarations import GUIDE_SECRETS
from matrix_secrets.stack.declaredplaces import places_in
from matrix_secrets.stack.model import SecretSpot
from matrix_secrets.stack.recognition import HOMESERVER_KEY, parts_of
from matrix_secrets.stack.workspace import ManifestFile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from matrix_secrets.gitrepo.objectstream import Piece
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.declaration import Declaration
    from matrix_secrets.stack.model import Location, Stack

_MAX_BYTES: Final = 1 << 20  # no manifest is larger
_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class PastValue:
    """A managed secret's value in a version of a file; ``plain`` tells that anybody can read it there."""

    name: str
    value: SecretValue
    plain: bool


class Past:
    """Reads versions. ``stacks`` are today's: what they declare is looked for, too.

    In their directories a lone POSTGRES_PASSWORD is Synapse's.

    ``closed`` are the versions that do not open with the identities at hand: file and blob.
    """

    def __init__(self, decrypt: Callable[[Stream], str], stacks: Sequence[Stack]) -> None:
        self._decrypt = decrypt
        self._directories = {posixpath.dirname(file.file) for stack in stacks for file in stack.files}
        managed = dict.fromkeys(secret.declaration for stack in stacks for secret in stack.managed)
        self._declared = [each for each in managed if each not in GUIDE_SECRETS]
        # Where they stand is today's business: of an old version nothing has to be there, and nowhere in particular.
        self._further = [replace(each, places=(), restart=(), stack=None) for each in self._declared]
        self._lines, self._base64 = _patterns([*GUIDE_SECRETS, *self._declared])
        self._seen: set[bytes] = set()
        self.closed: dict[str, str] = {}

    def read(self, piece: Piece, fresh: bytes) -> Iterator[PastValue]:
        """Yield the values of a version; ``fresh`` is what of it was not seen before."""
        raw = piece.raw
        if not piece.file.endswith(_SUFFIXES) or not piece.whole or len(raw) > _MAX_BYTES:
            return
        if not self._lines.search(fresh):
            return
        told = [raw] if self._base64.search(raw) else self._lines.findall(raw)
        digest = hashlib.blake2b(b"\n".join([piece.file.encode("utf-8", "surrogateescape"), *told]), digest_size=16)
        if digest.digest() in self._seen:
            return
        self._seen.add(digest.digest())
        try:
            disk = parse(decode(raw, piece.file), piece.file)
            found = list(self._locations(self._opened(piece, disk)))
        except BadManifestError:
            return  # no manifest, or a half-finished one: it is searched as any other text
        for name, location in found:
            if location.value is not None:
                yield PastValue(name, location.value, plain=not _is_ciphertext(disk, location))

    def _locations(self, file: ManifestFile) -> Iterator[tuple[str, Location]]:
        for secret in self._stack(file).managed:
            yield from ((secret.name, location) for location in secret.locations)
        for declaration in self._declared:
            yield from ((declaration.name, location) for location in places_in(declaration, file))

    def _stack(self, file: ManifestFile) -> Stack:
        parts = parts_of(file.stream, self._further)
        if parts.maybe_secrets and posixpath.dirname(file.file) in self._directories:
            parts = replace(parts, secrets=(*parts.secrets, *parts.maybe_secrets), maybe_secrets=())
        return assemble("", [file], [parts], self._further)

    def _opened(self, piece: Piece, stream: Stream) -> ManifestFile:
        if not is_encrypted(stream):
            return ManifestFile(piece.file, piece.raw, encrypted=False, stream=stream)
        try:
            plain = parse(self._decrypt(stream), piece.file)
        except NoIdentityError as error:
            self.closed.setdefault(piece.file, piece.blob)
            return ManifestFile(piece.file, piece.raw, encrypted=True, stream=stream, locked=error)
        except MatrixSecretsError as error:
            return ManifestFile(piece.file, piece.raw, encrypted=True, stream=stream, locked=error)
        return ManifestFile(piece.file, piece.raw, encrypted=True, stream=plain)


def _patterns(declarations: Sequence[Declaration]) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """A key with what follows it, and the line behind: where these are as in a version before, so are the values.

    The other one finds texts in base64, where no line shows what is in them.
    """
    texts = {HOMESERVER_KEY, *(place.key for each in declarations for place in each.places)}
    keys = {key for each in declarations for key in each.keys}
    keys |= {each.config_path[-1] for each in declarations if each.config_path}
    keys |= {place.path[-1] for each in declarations for place in each.places if place.path}

    def any_of(words: Collection[str]) -> bytes:
        return b"(?:" + b"|".join(re.escape(word.encode()) for word in sorted(words)) + rb")[\"']?[ \t]*:"

    lines = re.compile(any_of(keys | texts) + rb"[^\n]*\n?[^\n]*")
    return lines, re.compile(any_of(texts) + rb"[ \t]*[\"']?[A-Za-z0-9+/]{40}")


def _is_ciphertext(disk: Stream, location: Location) -> bool:
    """Whether a location, found in the plain text, is ciphertext in the file as it is."""
    spot = location.spot
    holder = spot.entry if isinstance(spot, SecretSpot) else spot.config.entry
    number = None if holder is None else holder.resource.document.index
    if holder is None or number is None or number >= len(disk.documents):
        return False
    node = find(disk.documents[number].root, holder.path)
    return isinstance(node, Scalar) and is_ciphertext(node.value)
