"""The edits that take recipients out of ``.sops.yaml``: items, parts of texts, aliases, anchors left without any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.manifests.nodes import Alias, Mapping, Scalar, Sequence
from matrix_secrets.sops.recipientlists import keys_in
from matrix_secrets.sops.recipientspelling import ListText

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from matrix_secrets.manifests.edits import Edit
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.recipientlists import Listing, RecipientLists


class Removing:
    """Recipients on their way out. ``alone`` are those that are the only one left in a text, once `edits` was asked."""

    def __init__(self, stream: Stream, lists: RecipientLists, gone: set[str]) -> None:
        self._lists = lists
        self._gone = gone
        self._text = ListText(stream.text, stream.newline)
        self._aliases: set[int] = set()
        self.alone: set[str] = set()

    def edits(self, listings: Iterable[Listing | None]) -> list[Edit]:
        """Return the edits of these lists, and of anchors elsewhere. Raises RefusedError where nobody would be left."""
        edits: list[Edit] = []
        distinct = {listing.start: listing for listing in listings if listing is not None}
        for listing in distinct.values():
            edits += self._from_text(listing) if isinstance(listing, Scalar) else self._from_list(listing)
        return _merged([*edits, *self._from_homes(distinct)])

    def _from_text(self, listing: Scalar) -> list[Edit]:
        keys = set(keys_in(listing.value))
        if keys & self._gone and keys <= self._gone:
            raise self._lists.cannot("nobody would be left in one of its texts of recipients")
        left = keys - self._gone
        if left == keys:
            return []
        self.alone |= left if len(left) == 1 else set()
        return [*self._text.without_parts(listing, self._gone), *self._text.without_names(listing, self._gone)]

    def _from_list(self, listing: Sequence) -> list[Edit]:
        edits: list[Edit] = []
        for number, item in enumerate(listing.items):
            node = self._lists.resolved(item)
            keys = set(keys_in(node.value)) if isinstance(node, Scalar) else set()
            if not keys & self._gone:
                continue
            if keys <= self._gone:
                edits.append(self._text.without_item(listing, number))
                if isinstance(item, Alias):
                    self._aliases.add(item.start)
            elif isinstance(item, Scalar):
                edits += self._text.without_parts(item, self._gone)
            else:
                raise self._lists.cannot(f"&{item.anchor if isinstance(item, Alias) else ''} holds several recipients")
        return edits

    def _from_homes(self, done: Collection[int]) -> list[Edit]:
        """Take out the anchors, and the entries of ``keys:``, that nothing refers to any more."""
        edits: list[Edit] = []
        for parent, number in self._lists.homes():
            node = parent.items[number][1] if isinstance(parent, Mapping) else parent.items[number]
            if not isinstance(node, Scalar) or parent.start in done or node.start in done:
                continue
            keys = set(keys_in(node.value))
            left = [one for one in self._lists.referred[node.anchor or ""] if one.start not in self._aliases]
            if keys and keys <= self._gone and not left:
                edits.append(self._text.without_item(parent, number))
        return edits


def _merged(edits: Iterable[Edit]) -> list[Edit]:
    """Make one of deletions that overlap: those of two items beside each other."""
    found: list[Edit] = []
    for edit in sorted(edits):
        if found and edit.start < found[-1].end:
            found[-1] = found[-1]._replace(end=max(edit.end, found[-1].end))
        else:
            found.append(edit)
    return found
