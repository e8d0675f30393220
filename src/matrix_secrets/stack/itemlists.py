"""Adding an item to a list in the text, or the list itself, in the style that stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Mapping, Scalar, Sequence, child
from matrix_secrets.stack.insertion import indent_of, insert_below, insert_key
from matrix_secrets.stack.spelling import Data, block, flow
from matrix_secrets.stack.values import is_null

if TYPE_CHECKING:
    from matrix_secrets.errors import Place
    from matrix_secrets.manifests.nodes import Stream


def append_item(
    stream: Stream, parent: Mapping, key: str, item: Data, *, place: Place, after: str | None = None
) -> Edit:
    """Make the edit that adds an item to the list under a key; a missing list is added behind the key ``after``.

    Raises BadManifestError where something else than a list stands there.
    """
    text, newline, found = stream.text, stream.newline, child(parent, key)
    match found:
        case Sequence(flow=True, items=()):
            return Edit(found.start + 1, found.start + 1, flow(item))
        case Sequence(flow=True):
            return Edit(found.items[-1].end, found.items[-1].end, f", {flow(item)}")
        case Sequence():
            indent = _dash(text, found)
            one_line = isinstance(found.items[-1], Mapping) and found.items[-1].flow
            lines = [f"{indent}- {flow(item)}"] if one_line else block([item], indent)
            spelled = newline.join(lines).removeprefix(indent)
            return insert_below(text, found.items[-1], indent, spelled, newline=newline, last=True)
        case None if parent.flow:
            return insert_key(text, parent, key, flow([item]), newline=newline)
        case None:
            spelled = "".join(newline + line for line in block([item], indent_of(text, parent) + _step(text, parent)))
            return insert_key(text, parent, key, spelled, newline=newline, after=after)
        case Scalar() if is_null(found):
            return Edit(found.start, found.end, f" {flow([item])}")
        case _:
            raise not_a_list(place)


def not_a_list(place: Place) -> BadManifestError:
    """Make the error for something else where a list is expected."""
    return BadManifestError(
        "is not a list", place=place, hint=f"write it as a list in {place.file}. Nothing was changed."
    )


def _dash(text: str, sequence: Sequence) -> str:
    """Return the indentation of a block list's dashes."""
    start = sequence.start
    return " " * (start - (text.rfind("\n", 0, start) + 1))


def _step(text: str, parent: Mapping) -> str:
    """Return how much further in than its key a list stands in this mapping; two spaces where there is none."""
    keys = len(indent_of(text, parent))
    lists = (value for _, value in parent.items if isinstance(value, Sequence) and not value.flow)
    return next((" " * max(len(_dash(text, each)) - keys, 0) for each in lists), "  ")
