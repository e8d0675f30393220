"""The recipients in the ``sops:`` blocks of an encrypted text, changed by position: whoever stays keeps every byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Mapping, Node, Scalar, Sequence, child, text_at
from matrix_secrets.records import dataclass
from matrix_secrets.sops.metadata import KEY
from matrix_secrets.sops.plainstyle import fits_plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as SequenceABC

    from matrix_secrets.manifests.nodes import Document, Stream

Stanza = tuple[str, str]
"""A recipient, and the data key armored for it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How an item is written: the columns of dash, keys and armor, and which key comes first."""

    dash: int
    keys: int
    armor: int
    recipient_first: bool

    def rendered(self, stanza: Stanza, newline: str) -> str:
        """Write an item, whole lines."""
        recipient, armored = stanza
        spelled = recipient if fits_plain(recipient, flow=False) else json.dumps(recipient, ensure_ascii=False)
        enc = ["enc: |", *(" " * self.armor + line for line in armored.strip("\n").split("\n"))]
        who = [f"recipient: {spelled}"]
        first, second = (who, enc) if self.recipient_first else (enc, who)
        head = " " * self.dash + "-" + " " * (self.keys - self.dash - 1)
        lines = [head + first[0], *first[1:], " " * self.keys + second[0], *second[1:]]
        return "".join(line + newline for line in lines)


def blocks(stream: Stream) -> Iterator[tuple[Document, Mapping]]:
    """Yield each document that has a ``sops:`` block, with the block."""
    for document in stream.documents:
        block = child(document.root, KEY)
        if isinstance(block, Mapping):
            yield document, block


def stanza_edits(stream: Stream, wanted: SequenceABC[Stanza]) -> list[Edit]:
    """The edits that make the age recipients of every block these, in this order where they are new.

    Stanzas that are there already keep their place and bytes. Raises RefusedError for several key groups.
    """
    return [edit for _, block in blocks(stream) for edit in _of_block(stream, block, wanted)]


def _of_block(stream: Stream, block: Mapping, wanted: SequenceABC[Stanza]) -> list[Edit]:
    groups = child(block, "key_groups")
    holder: Node = block
    if isinstance(groups, Sequence) and groups.items:
        if len(groups.items) > 1:
            raise RefusedError(
                "its data key is shared out among several key groups (Shamir's secret sharing)",
                place=Place(stream.file),
                hint=f"change .sops.yaml by hand, then: sops updatekeys {stream.file}",
            )
        holder = groups.items[0]
    listing = child(holder, "age")
    match listing:
        case Sequence(flow=False, items=items) if items:
            return _of_list(stream, listing, wanted)
        case None if isinstance(holder, Mapping) and not holder.flow:
            start = _line_start(stream.text, holder.items[0][0].start)
            column = holder.items[0][0].start - start
            if stream.text[start : start + column].strip():  # the group's dash stands in front of its first key
                start = _next_line(stream.text, holder.items[0][1].end)
            return [Edit(start, start, " " * column + "age:" + stream.newline + _new(wanted, column, stream.newline))]
        case Scalar() | Sequence() if not block.flow and isinstance(holder, Mapping):
            column = next(key.start for key, value in holder.items if value is listing)
            column -= _line_start(stream.text, column)
            new = stream.newline + _new(wanted, column, stream.newline).removesuffix(stream.newline)
            start = len(stream.text[: listing.start].rstrip(" "))
            return [Edit(start, listing.end, new)]
        case Sequence():
            entries = [{"enc": armored, "recipient": recipient} for recipient, armored in wanted]
            return [Edit(listing.start, listing.end, json.dumps(entries, ensure_ascii=False))]
        case _:
            raise RefusedError(
                "its sops: block is written in a way that cannot be edited",
                place=Place(stream.file, path=(KEY,)),
                hint=f"sops updatekeys {stream.file}",
            )


def _of_list(stream: Stream, listing: Sequence, wanted: SequenceABC[Stanza]) -> list[Edit]:
    text = stream.text
    starts = [_line_start(text, item.start) for item in listing.items]
    end = _next_line(text, listing.items[-1].end)
    pieces = [text[begin:stop] for begin, stop in zip(starts, [*starts[1:], end], strict=True)]
    there = [_stanza(item) for item in listing.items]
    kept = [(stanza, piece) for stanza, piece in zip(there, pieces, strict=True) if stanza in wanted]
    shape = _shape(text, listing)
    have = {stanza for stanza, _ in kept}
    new = [shape.rendered(stanza, stream.newline) for stanza in wanted if stanza not in have]
    written = "".join([*(piece for _, piece in kept), *new])
    return [] if written == text[starts[0] : end] else [Edit(starts[0], end, written)]


def _stanza(item: Node) -> Stanza:
    return text_at(item, ("recipient",)) or "", text_at(item, ("enc",)) or ""


def _shape(text: str, listing: Sequence) -> Shape:
    first = listing.items[0]
    dash = listing.start - _line_start(text, listing.start)
    keys = first.start - _line_start(text, first.start)
    if not isinstance(first, Mapping) or not first.items:
        return Shape(dash, keys, keys + 2, recipient_first=False)
    armor = keys + _STEP
    enc = child(first, "enc")
    if isinstance(enc, Scalar) and enc.style == "|":
        line = text.find("\n", enc.start) + 1
        armor = len(text[line:]) - len(text[line:].lstrip(" "))
    head = first.items[0][0]
    return Shape(dash, keys, armor, isinstance(head, Scalar) and head.value == "recipient")


_STEP: Final = 2


def _new(wanted: SequenceABC[Stanza], column: int, newline: str) -> str:
    shape = Shape(column + _STEP, column + 2 * _STEP, column + 3 * _STEP, recipient_first=False)
    return "".join(shape.rendered(stanza, newline) for stanza in wanted)


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _next_line(text: str, position: int) -> int:
    if text[position - 1 : position] == "\n":
        return position
    found = text.find("\n", position)
    return len(text) if found < 0 else found + 1
