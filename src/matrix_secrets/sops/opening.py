"""An encrypted file, opened: its values in order, its MAC checked, its plain text in the original formatting.

Source: sops 3.13.3, sops.go (Tree.Decrypt) and cmd/sops/common (DecryptTree).
"""

from __future__ import annotations

import hmac
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, Place, TamperedError
from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.resolve import Kind
from matrix_secrets.records import dataclass
from matrix_secrets.sops.cipher import DataKey, NotAuthenticError
from matrix_secrets.sops.commentopening import COMMENT, CommentOpening, list_comment
from matrix_secrets.sops.format import PREFIX
from matrix_secrets.sops.mac import Mac
from matrix_secrets.sops.openedvalue import OpenedValue
from matrix_secrets.sops.placement import blocks, column_of, with_comment_kept
from matrix_secrets.sops.restore import Surroundings, spelled_in_place
from matrix_secrets.sops.treeitems import Leaf, Remark, place_of, value_of
from matrix_secrets.sops.walk import walk

if TYPE_CHECKING:
    from collections.abc import Collection

    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.metadata import Metadata

__all__ = ["Opened", "OpenedValue", "open_file"]

_TYPES: Final = frozenset({"str", "int", "float", "bool", "time"})


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose MAC was found right.

    ``remarks`` has all comments of the documents where they were asked for, the plain ones too; ``strays`` are those
    of them whose ciphertext sops would look for in another branch.
    """

    stream: Stream
    metadata: Metadata
    key: DataKey
    values: tuple[OpenedValue, ...]
    strays: tuple[OpenedValue, ...]
    remarks: tuple[Remark, ...]
    plain: str


def open_file(stream: Stream, metadata: Metadata, key: DataKey, *, commented: Collection[int] = ()) -> Opened:
    """Decrypt a file. Raises TamperedError naming the place, BadManifestError for what sops does not read.

    Comments of the documents in ``commented`` are looked for where sops would look, the plain ones too:
    ``Opened.remarks`` has them. Elsewhere what authenticates under the path of any branch is right.
    """
    opening = _Opening(stream, metadata, key)
    selection = metadata.selection
    if selection.by_comment:
        commented = range(len(stream.documents))
    attached = None
    if commented:
        from matrix_secrets.manifests.comments import attach_some  # noqa: PLC0415  (most files do without)

        attached = attach_some(stream, commented)
    comments = CommentOpening(stream, key, attached)
    for item in walk(stream, selection, attached, only_encrypted=metadata.mac_only_encrypted):
        if isinstance(item, Leaf):
            opening.add(item)
        elif (value := comments.open(item)) is not None:
            opening.values.append(value)
    opening.check_mac()
    others = comments.others()
    opening.values += [value for value in others if value.item.document not in commented]
    return opening.result([value for value in others if value.item.document in commented], comments.remarks)


class _Opening:
    """The values of one file, taken up one after the other."""

    def __init__(self, stream: Stream, metadata: Metadata, key: DataKey) -> None:
        self._stream = stream
        self._metadata = metadata
        self._key = key
        self._mac = Mac(only_encrypted=metadata.mac_only_encrypted)
        self._removals = blocks(stream)
        self._open_end = None if stream.text.endswith(("\n", "\r")) else self._end()
        self.values: list[OpenedValue] = []

    def _end(self) -> int:
        """Where the content of a file ends whose last line has no line end: a block scalar there has none either."""
        found = [edit.start for edit in self._removals[-1:] if edit is not None]
        return found[0] if found else len(self._stream.text)

    def add(self, leaf: Leaf) -> None:
        """Decrypt a value, if it is encrypted, and add it to the MAC. Raises TamperedError, BadManifestError."""
        value = value_of(leaf.node)
        if value.kind is Kind.NULL:
            return
        if not leaf.encrypted:
            if value.kind in (Kind.TOO_BIG, Kind.UNCLEAR):
                what = "a number or tag that sops does not take"
                raise BadManifestError(what, place=self._place(leaf), hint="put the value into quotes")
            self._mac.add(value.text, encrypted=False)
            return
        if value.kind is not Kind.STR or (value.text and not value.text.startswith(PREFIX)):
            raise TamperedError(
                "is plain text where ciphertext belongs: it was put there by hand after the file was encrypted",
                place=self._place(leaf),
                hint=f"take it out again, then set it with: matrix-secrets edit {self._stream.file}",
            )
        kind, text = self._decrypted(leaf, value.text)
        if kind == COMMENT:
            self.values.append(list_comment(self._stream, leaf, text, value.text))
            return
        if kind not in _TYPES:
            what = f"a value of the type {kind!r}, which is not known here"
            raise BadManifestError(what, place=self._place(leaf), hint="use --engine binary")
        self._mac.add(text, encrypted=True)
        if value.text:
            edits = () if leaf.via is not None else tuple(self._spelled(leaf, kind, text))
            bare = value.text[: value.text.rindex("]") + 1]  # without the line end of a block scalar
            self.values.append(OpenedValue(leaf, kind, text, bare, edits))

    def _decrypted(self, leaf: Leaf, ciphertext: str) -> tuple[str, str]:
        try:
            return self._key.decrypt(ciphertext, leaf.aad)
        except NotAuthenticError:
            raise TamperedError(
                "does not decrypt: it was changed, moved here, or belongs to another file",
                place=self._place(leaf),
                hint=f"restore {self._stream.file} from Git: git log -p -- {self._stream.file}",
            ) from None

    def _spelled(self, leaf: Leaf, kind: str, text: str) -> list[Edit]:
        source = self._stream.text
        open_end = self._open_end is not None and leaf.node.end >= self._open_end
        around = Surroundings(leaf.flow, column_of(source, leaf.owner), self._stream.newline, open_end=open_end)
        return spelled_in_place(source, leaf.node, kind, text, around)

    def check_mac(self) -> None:
        """Compare the MAC of what was added with that of the file. Raises TamperedError."""
        file = self._stream.file
        place = Place(file, "document 1", ("sops", "mac"))
        hint = f"see what changed: git log -p -- {file}; if the change is right, put it in with sops or matrix-secrets"
        if not self._metadata.mac:
            raise TamperedError("has no MAC: it was taken out", place=place, hint=hint)
        try:
            _, wanted = self._key.decrypt(self._metadata.mac, self._metadata.mac_aad)
        except NotAuthenticError:
            message = "the MAC does not decrypt: it or lastmodified was changed"
            raise TamperedError(message, place=place, hint=hint) from None
        if not hmac.compare_digest(wanted.encode(), self._mac.hexdigest().encode()):
            message = "the MAC does not fit: a value was changed, added, removed or moved by hand"
            raise TamperedError(message, place=Place(file), hint=hint)

    def result(self, strays: list[OpenedValue], remarks: list[Remark]) -> Opened:
        """Put the values in the place of their ciphertexts, and take the blocks out."""
        edits = [edit for value in (*self.values, *strays) for edit in value.edits]
        edits.sort()
        for removal in reversed(self._removals):
            if removal is not None:
                first, behind = (bisect_left(edits, Edit(at, 0, "")) for at in (removal.start, removal.end))
                edits[first:behind] = [with_comment_kept(self._stream, removal, edits[first:behind])]
        plain = splice(self._stream.text, edits)
        values = tuple(self.values)
        return Opened(self._stream, self._metadata, self._key, values, tuple(strays), tuple(remarks), plain)

    def _place(self, leaf: Leaf) -> Place:
        return place_of(self._stream, leaf.document, leaf.place)
