"""What stays when a file is encrypted again: the ciphertexts of values and comments that did not change, the blocks."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.nodes import Mapping, Scalar, child
from matrix_secrets.manifests.render import Slot, render
from matrix_secrets.sops.metadata import KEY, Metadata, read_metadata
from matrix_secrets.sops.placement import blocks, column_of, without_comment
from matrix_secrets.sops.treeitems import Leaf, Remark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.sops.opening import Opened, OpenedValue
    from matrix_secrets.sops.sealing import Wanted

_Pool: TypeAlias = "defaultdict[tuple[object, ...], list[OpenedValue]]"


class Kept:
    """Hands out what an opened file holds, each ciphertext once.

    A value is the same if its path, type and text are. One that also stands at the same place is preferred; one that
    is spelled as it was gets back the very spelling of its ciphertext. ``as_entries`` says that a comment may become
    the entry of a list again, which it was in a file of real sops.
    """

    def __init__(self, opened: Opened) -> None:
        self.as_entries = True
        self._opened = opened
        self._same_place: _Pool = defaultdict(list)
        self._same_path: _Pool = defaultdict(list)
        self._used: set[int] = set()
        self.start()
        self._removals = blocks(opened.stream)
        self._metadata = [
            read_metadata(opened.stream, document) if removal is not None else None
            for document, removal in enumerate(self._removals)
        ]

    def start(self) -> None:
        """Offer everything again."""
        self._same_place.clear()
        self._same_path.clear()
        self._used.clear()
        for value in reversed((*self._opened.values, *self._opened.strays)):
            item = value.item
            if isinstance(item, Leaf) and item.via is not None:
                continue
            key = (item.aad, value.kind, value.text)
            self._same_place[(item.document, item.place if isinstance(item, Leaf) else (), *key)].append(value)
            self._same_path[key].append(value)

    def edits(self, wanted: Wanted, plain: str) -> Sequence[Edit] | None:
        """Return the edits that put the old ciphertext in place, None for a value that is new."""
        item = wanted.item
        key = (item.aad, wanted.kind, wanted.text)
        place = item.place if isinstance(item, Leaf) else ()
        found = self._take(self._same_place[(item.document, place, *key)]) or self._take(self._same_path[key])
        if found is None:
            return None
        return self._as_it_was(found, wanted, plain) or [wanted.site.filled(found.ciphertext)]

    def _take(self, values: list[OpenedValue]) -> OpenedValue | None:
        while values:
            value = values.pop()
            if id(value) not in self._used:
                self._used.add(id(value))
                return value
        return None

    def _as_it_was(self, found: OpenedValue, wanted: Wanted, plain: str) -> list[Edit]:
        """The old spelling, where the plain text has the spelling that it was decrypted to; nothing otherwise."""
        old, site = found.edits, wanted.site
        if isinstance(wanted.item, Remark):
            return self._comment_as_it_was(old[0], wanted, plain) if old else []
        if not isinstance(found.item, Leaf) or found.item.flow != site.flow or not old:
            return []
        start = wanted.item.node.start
        if len(old) == 2:  # the header of a block and its lines
            places = [(start, start + len(old[0].new)), (site.start, site.end)]
        elif site.style in ("|", ">") and not old[0].new.startswith(site.style):
            places = [(site.start, site.end)]
        else:
            places = [(start, site.end)]
        if any(plain[begin:end] != edit.new for (begin, end), edit in zip(places, old, strict=True)):
            return []
        text = self._opened.stream.text
        return [Edit(*place, text[edit.start : edit.end]) for place, edit in zip(places, old, strict=True)]

    def _comment_as_it_was(self, old: Edit, wanted: Wanted, plain: str) -> list[Edit]:
        text, start = self._opened.stream.text, wanted.site.start
        if old.new.startswith("#"):  # an entry of a list in files of real sops
            start -= 1
            if not self.as_entries or column_of(plain, start) != column_of(text, old.start):
                return []
        end = start + len(old.new)
        fits = end == wanted.site.end or (end > wanted.site.end and "\n" in old.new)
        return [Edit(start, end, text[old.start : old.end])] if fits and plain.startswith(old.new, start) else []

    def leaves_comment(self, text: str) -> bool:
        """Whether a comment is ciphertext that nobody could open, and that stays as it is."""
        return f"#{text}" in self._opened.plain

    def block(self, document: int, metadata: Metadata, indent: str) -> str | None:
        """Return a document's old block with the new date and MAC, None for a document that is new."""
        stream = self._opened.stream
        if document >= len(self._removals):
            return None
        root = stream.documents[document].root
        removal, old = self._removals[document], self._metadata[document]
        block = child(root, KEY)
        if removal is None or not isinstance(root, Mapping) or root.flow or not isinstance(block, Mapping):
            return None
        if old != self._opened.metadata or column_of(stream.text, root.items[-1][0].start) != len(indent):
            return None
        edits, begin = [], removal.start
        for name, text in (("lastmodified", metadata.lastmodified), ("mac", metadata.mac)):
            node = child(block, name)
            if not isinstance(node, Scalar) or node.style in ("|", ">"):
                return None
            spelled = render(text, node.style, Slot(block.flow, "", stream.newline))
            new = text if not node.style and name == "mac" else spelled
            edits.append(Edit(node.start - begin, node.end - begin, new))
        text = splice(stream.text[begin : removal.end], edits)
        text = text.removeprefix("\r\n") if text.startswith("\r\n") else text.removeprefix("\n")
        text = without_comment(text)
        return text if text.endswith("\n") else text + stream.newline
