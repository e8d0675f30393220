"""A plain file turned into an encrypted one: ciphertexts and blocks spliced into its text, the MAC over all of it.

Source: sops 3.13.3, sops.go (Tree.Encrypt) and cmd/sops/common (EncryptTree).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.comments import attach_some
from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.resolve import Kind
from matrix_secrets.records import dataclass
from matrix_secrets.sops.commentopening import COMMENT, containers
from matrix_secrets.sops.format import PREFIX
from matrix_secrets.sops.mac import Mac
from matrix_secrets.sops.nearness import documents_where_comments_matter
from matrix_secrets.sops.placement import insertion, root_indent
from matrix_secrets.sops.refusals import check_anchors, check_file, check_leaf
from matrix_secrets.sops.splice import Site, site_of
from matrix_secrets.sops.treeitems import UNHINTED, Leaf, Remark, place_of, value_of
from matrix_secrets.sops.walk import walk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.manifests.comments import Attached
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.cipher import DataKey
    from matrix_secrets.sops.metadata import Metadata

_PROPERTY_OR_ALIAS: Final = re.compile(r"(?:^|[\s\[{,:])[&*!]")  # perhaps an anchor, an alias or a tag


class Wanted(NamedTuple):
    """A value or comment to be encrypted, and where it stands in the plain text."""

    item: Leaf | Remark
    kind: str
    text: str
    site: Site


class Reuse(Protocol):
    """What is kept of an older encryption of the file, so that what did not change stays to the byte.

    ``as_entries`` allows comments to become entries of lists, as they are in files of real sops.
    """

    as_entries: bool

    def start(self) -> None:
        """Begin from the start: all of it is on offer again."""

    def edits(self, wanted: Wanted, plain: str) -> Sequence[Edit] | None:
        """Return the edits that put the old ciphertext in place, None for a value that is new."""

    def leaves_comment(self, text: str) -> bool:
        """Tell whether a comment is ciphertext that was there before and could not be opened."""

    def block(self, document: int, metadata: Metadata, indent: str) -> str | None:
        """Return a document's old block with the new date and MAC, None for a document that is new."""


class NothingKept:
    """Reuse for a file that was plain until now."""

    as_entries = False

    def start(self) -> None:
        """Nothing to begin with."""

    def edits(self, wanted: Wanted, plain: str) -> None:
        """Nothing stands there yet."""

    def leaves_comment(self, text: str) -> bool:  # noqa: ARG002  (the same)
        """No ciphertext was there."""
        return False

    def block(self, document: int, metadata: Metadata, indent: str) -> str | None:  # noqa: ARG002  (the same)
        """No block either."""
        return None


@dataclass(frozen=True, slots=True)
class Sealed:
    """The encrypted text, how much of it is ciphertext, and what became of the comments, by number.

    ``comment_paths`` has the path that a comment was encrypted under, None for one that stayed plain; ``entries`` are
    those that became entries of a list, as real sops has them.
    """

    text: str
    metadata: Metadata
    leaves: tuple[Leaf, ...]
    comment_paths: Mapping[int, str | None] = field(default_factory=dict)
    entries: frozenset[int] = frozenset()
    values: int = 0
    comments: int = 0


class Sealing:
    """One file on its way to ciphertext. ``seal`` can be run again with other paths for some comments."""

    def __init__(self, stream: Stream, metadata: Metadata, key: DataKey, reuse: Reuse) -> None:
        check_file(stream)
        self._stream = stream
        self._metadata = metadata
        self._key = key
        self._reuse = reuse
        self._selection = metadata.selection
        self.commented = documents_where_comments_matter(stream, self._selection)
        self._attached = attach_some(stream, self.commented) if self.commented else None
        items = list(walk(stream, self._selection, self._attached))
        self._leaves = [item for item in items if isinstance(item, Leaf)]
        self._remarks = [item for item in items if isinstance(item, Remark)]
        self._edits: list[Edit] = []
        self._entries: set[int] = set()

    @property
    def attached(self) -> Attached | None:
        """The comments of the plain text, None where none matters."""
        return self._attached

    def seal(self, lastmodified: str, comment_paths: Mapping[int, str] | None = None) -> Sealed:
        """Encrypt. Raises BadManifestError, with place and cure, for what cannot be encrypted safely."""
        self._edits, self._entries = [], set()
        self._reuse.start()
        mac = Mac(only_encrypted=self._metadata.mac_only_encrypted)
        values = sum(self._leaf(leaf, mac) for leaf in self._leaves)
        if _PROPERTY_OR_ALIAS.search(self._stream.text):
            check_anchors(self._stream, [leaf for leaf in self._leaves if leaf.encrypted and leaf.via is None])
        paths = self._comments(comment_paths or {})
        sealed_mac = self._key.encrypt(mac.hexdigest(), "str", self._metadata.sealed(lastmodified, "").mac_aad)
        metadata = self._metadata.sealed(lastmodified, sealed_mac)
        for document in self._stream.documents:
            block = self._reuse.block(document.index, metadata, root_indent(self._stream, document.root))
            if block is not None and ("\r\n" in block) != (self._stream.newline == "\r\n"):
                block = None
            self._edits.append(insertion(self._stream, document, metadata, block))
        text = splice(self._stream.text, self._edits)
        comments = sum(path is not None for path in paths.values())
        return Sealed(text, metadata, tuple(self._leaves), paths, frozenset(self._entries), values, comments)

    def _leaf(self, leaf: Leaf, mac: Mac) -> int:
        if self._counts_for_nothing(leaf):
            return 0
        value = value_of(leaf.node)
        check_leaf(self._stream, leaf, value)
        if value.kind is Kind.NULL:
            return 0
        mac.add(value.text, encrypted=leaf.encrypted)
        if not leaf.encrypted:
            self._keep_open_end(leaf)
            return 0
        if not value.text:
            return 0
        site = site_of(self._stream.text, leaf.node, flow=leaf.flow)
        if site is None:
            raise BadManifestError(
                "a block scalar with nothing but empty lines",
                place=place_of(self._stream, leaf.document, leaf.place, leaf.node.start),
                cause="it has no indentation of its own that the ciphertext could take",
                hint='write it in double quotes, "\\n". Nothing was changed.',
            )
        self._fill(Wanted(leaf, value.kind.value, value.text, site), leaf.aad)
        return 1

    def _counts_for_nothing(self, leaf: Leaf) -> bool:
        """Whether a value is a string that stays plain and is not in the MAC: most of a file, so this is quick."""
        node = leaf.node
        if leaf.encrypted or not self._metadata.mac_only_encrypted or node.tag is not None:
            return False
        if node.style in ("|", ">") or node.value.startswith(PREFIX):
            return False
        return bool(node.style) or node.value[:1] in UNHINTED

    def _fill(self, wanted: Wanted, aad: str) -> None:
        edits = self._reuse.edits(wanted, self._stream.text)
        if edits is None:
            edits = [wanted.site.filled(self._key.encrypt(wanted.text, wanted.kind, aad))]
        elif edits[0].start < wanted.site.start and isinstance(wanted.item, Remark):
            self._entries.add(wanted.item.number)
        self._edits += edits

    def _keep_open_end(self, leaf: Leaf) -> None:
        """A plain block scalar that ends the file without a line end gets one by the block that follows it."""
        node, text = leaf.node, self._stream.text
        if node.style in ("|", ">") and node.end == len(text) and not text.endswith(("\n", "\r")):
            head = text[node.start : node.start + 3]
            if "-" not in head and not any(edit.start == node.start for edit in self._edits):
                width = len(head) - len(head.lstrip("|>+123456789"))
                self._edits.append(Edit(node.start, node.start + width, head[:width].replace("+", "") + "-"))

    def _comments(self, comment_paths: Mapping[int, str]) -> dict[int, str | None]:
        if self._attached is None:
            return {}
        paths: dict[int, str | None] = {}
        known = {remark.number: remark for remark in self._remarks}
        for number, comment in enumerate(self._attached.comments):
            text = self._stream.text[comment.start + 1 : comment.end]
            if number in self._attached.elsewhere:
                paths[number] = None
                continue
            remark = known.get(number) or self._lost(number, comment.start)
            if number in comment_paths:
                remark.aad, remark.encrypted = comment_paths[number], True
            if text.startswith(PREFIX) and self._reuse.leaves_comment(text):
                paths[number] = None
                continue
            if text.startswith(PREFIX):
                raise BadManifestError(
                    "a comment that is ciphertext, in a file that is not encrypted",
                    place=place_of(self._stream, remark.document, remark.place, comment.start),
                    hint="remove that comment. Nothing was changed.",
                )
            paths[number] = remark.aad if remark.encrypted and text else None
            if remark.encrypted and text:
                site = Site(comment.start + 1, comment.end, "")
                self._fill(Wanted(remark, COMMENT, text, site), remark.aad)
        return paths

    def _lost(self, number: int, position: int) -> Remark:
        """A comment that go-yaml loses: encrypted if what stands next to it is, in case it holds an old value."""
        at = bisect_right(self._leaves, position, key=lambda leaf: (leaf.via or leaf.node).start)
        near = next((leaf for leaf in self._leaves[max(at - 1, 0) : at + 1] if leaf.encrypted), None)
        if near is None:
            return Remark(0, (), ":", number, encrypted=False)
        aad = containers(near)[1] if len(containers(near)) > 1 else ":"
        return Remark(near.document, near.place[:-1], aad, number, encrypted=True)
