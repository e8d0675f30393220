"""What older versions of the manifests held where managed secrets stand: in plain text, or encrypted for us, too."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, NoIdentityError
from matrix_secrets.manifests.nodes import Scalar, find
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.resources import is_ciphertext
from matrix_secrets.sops.metadata import is_encrypted
from matrix_secrets.stack.assembly import assemble
from matrix_secrets.stack.declarations import GUIDE_SECRETS
from matrix_secrets.stack.model import SecretSpot
from matrix_secrets.stack.recognition import parts_of
from matrix_secrets.stack.workspace import ManifestFile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from matrix_secrets.gitrepo.objectstream import Piece
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.model import Location, Stack

_MAX_BYTES: Final = 1 << 20  # no manifest is larger
_KEYS: Final = sorted({key for each in GUIDE_SECRETS for key in each.keys} | {"password", "homeserver.yaml"})
_OPTIONS: Final = sorted({each.config_path[-1] for each in GUIDE_SECRETS if each.config_path} - set(_KEYS))
# A key with what follows it, and the line behind: where these are as in a version before, so are the values.
_LINES: Final = re.compile(
    b"(?:" + b"|".join(re.escape(key.encode()) for key in (*_KEYS, *_OPTIONS)) + rb")[\"']?[ \t]*:[^\n]*\n?[^\n]*"
)
_BASE64_TEXT: Final = re.compile(rb"homeserver\.yaml[\"']?[ \t]*:[ \t]*[\"']?[A-Za-z0-9+/]{40}")
_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class PastValue:
    """A managed secret's value in a version of a file; ``plain`` tells that anybody can read it there."""

    name: str
    value: SecretValue
    plain: bool


class Past:
    """Reads versions. ``directories`` are those of today's stacks, where a lone POSTGRES_PASSWORD is Synapse's.

    ``closed`` are the versions that do not open with the identities at hand: file and blob.
    """

    def __init__(self, decrypt: Callable[[Stream], str], directories: Collection[str]) -> None:
        self._decrypt = decrypt
        self._directories = directories
        self._seen: set[bytes] = set()
        self.closed: dict[str, str] = {}

    def read(self, piece: Piece, fresh: bytes) -> Iterator[PastValue]:
        """Yield the values of a version; ``fresh`` is what of it was not seen before."""
        raw = piece.raw
        if not piece.file.endswith(_SUFFIXES) or not piece.whole or len(raw) > _MAX_BYTES:
            return
        if not _LINES.search(fresh):
            return
        lines = _LINES.findall(raw)
        told = [raw] if _BASE64_TEXT.search(raw) else lines
        digest = hashlib.blake2b(b"\n".join([piece.file.encode("utf-8", "surrogateescape"), *told]), digest_size=16)
        if digest.digest() in self._seen:
            return
        self._seen.add(digest.digest())
        try:
            disk = parse(decode(raw, piece.file), piece.file)
            stack = self._stack(piece, disk)
        except BadManifestError:
            return  # no manifest, or a half-finished one: it is searched as any other text
        for secret in stack.managed:
            for location in secret.locations:
                if location.value is not None:
                    yield PastValue(secret.name, location.value, plain=not _is_ciphertext(disk, location))

    def _stack(self, piece: Piece, disk: Stream) -> Stack:
        file = self._opened(piece, disk)
        parts = parts_of(file.stream)
        if parts.maybe_secrets and posixpath.dirname(piece.file) in self._directories:
            parts = replace(parts, secrets=(*parts.secrets, *parts.maybe_secrets), maybe_secrets=())
        return assemble("", [file], [parts])

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


def _is_ciphertext(disk: Stream, location: Location) -> bool:
    """Whether a location, found in the plain text, is ciphertext in the file as it is."""
    spot = location.spot
    holder = spot.entry if isinstance(spot, SecretSpot) else spot.config.entry
    number = None if holder is None else holder.resource.document.index
    if holder is None or number is None or number >= len(disk.documents):
        return False
    node = find(disk.documents[number].root, holder.path)
    return isinstance(node, Scalar) and is_ciphertext(node.value)
