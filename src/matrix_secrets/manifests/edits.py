"""Replacements in a text by position, and the proof that they changed nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Edit(NamedTuple):
    """Replace ``text[start:end]`` by ``new``; offsets count characters, ``start == end`` inserts."""

    start: int
    end: int
    new: str


def splice(text: str, edits: Iterable[Edit]) -> str:
    """Apply edits that do not overlap. Insertions at one place are applied in the order given.

    Raises ValueError where two edits overlap: that is a bug of the caller.
    """
    pieces: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < position or edit.end < edit.start:
            message = f"edits overlap at offset {edit.start}"
            raise ValueError(message)
        pieces.append(text[position : edit.start])
        pieces.append(edit.new)
        position = edit.end
    pieces.append(text[position:])
    return "".join(pieces)
