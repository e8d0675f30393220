"""The edits that add a recipient to rules of ``.sops.yaml``: as an item, in a text, or by an anchor and its aliases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.nodes import Alias, Scalar, Sequence
from matrix_secrets.sops.recipientspelling import ListText, NewItem, spelled

if TYPE_CHECKING:
    from matrix_secrets.manifests.edits import Edit
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.recipientlists import AgeField, RecipientLists

_NOT_IN_ANCHORS: Final = re.compile(r"[^A-Za-z0-9_-]+")


class Adding:
    """One recipient on its way into the fields that lack it."""

    def __init__(
        self, stream: Stream, lists: RecipientLists, recipient: str, name: str, wanting: list[AgeField]
    ) -> None:
        self._lists = lists
        self._recipient = recipient
        self._name = name
        self._wanting = wanting
        self._text = ListText(stream.text, stream.newline)
        self._edits: list[Edit] = []
        anchor = lists.anchor_of(recipient)
        self._anchor = None if anchor is None else anchor.anchor

    def edits(self) -> list[Edit]:
        """Return the edits; a list that two rules share is changed once."""
        done: set[int] = set()
        for field in self._wanting:
            listing = field.listing
            if listing is not None and listing.start in done:
                continue
            if listing is not None:
                done.add(listing.start)
            match listing:
                case None:
                    self._edits += self._text.new_list(field.owner, self._plain())
                case Scalar():
                    self._edits += self._text.joined(field.owner, listing, self._recipient, self._plain())
                case Sequence():
                    self._edits += self._text.appended(listing, self._item(listing))
        return self._edits

    def _plain(self) -> NewItem:
        return NewItem(spelled(self._recipient), self._name)

    def _item(self, listing: Sequence) -> NewItem:
        """An alias where the list is made of them and there is a list of anchors, else the recipient itself."""
        aliases = [item for item in listing.items if isinstance(item, Alias)]
        if not aliases:
            return self._plain()
        if self._anchor is None:
            home = self._home(aliases)
            if home is None:
                return self._plain()
            self._anchor = self._new_anchor()
            text = f"&{self._anchor} {spelled(self._recipient)}"
            named = NewItem(text, "" if self._anchor == self._name else self._name)
            self._edits += self._text.appended(home, named)
        return NewItem(f"*{self._anchor}")

    def _home(self, aliases: list[Alias]) -> Sequence | None:
        """The list outside of the rules that the anchor of one of these stands in, the last one's first."""
        for alias in reversed(aliases):
            anchored = self._lists.resolved(alias)
            for parent, number in self._lists.homes():
                if isinstance(parent, Sequence) and parent.items[number] is anchored:
                    return parent
        return None

    def _new_anchor(self) -> str:
        base = _NOT_IN_ANCHORS.sub("-", self._name).strip("-") or "recipient"
        number, anchor = 1, base
        while self._lists.anchored(anchor):
            number += 1
            anchor = f"{base}-{number}"
        return anchor
