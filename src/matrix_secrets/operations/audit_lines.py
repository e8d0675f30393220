"""Versions of a file share nearly all their lines: each line is searched once, with its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.spellings import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matrix_secrets.checks.spellings import Needle, Search

_NEIGHBOURS: Final = 8  # lines on each side: base64 may be wrapped over as many
_APART: Final = b"\1"  # stands where lines were left out: nothing is found across it
_MOST_LINES: Final = 1 << 18  # that are remembered: with more, all are forgotten and searched again
_LARGE: Final = 1 << 20  # bytes; what is larger is no text that somebody edits


class LineSearch:
    """Looks for needles in one content after the other. Finds what `Search` finds in each.

    ``fresh`` is what was searched of the last content: what of it was not seen before, with its neighbours.
    """

    def __init__(self, search: Search) -> None:
        self.fresh = b""
        self._search = search
        self._seen: set[int] = set()
        self._marked: dict[int, dict[Needle, None]] = {}

    def found(self, raw: bytes) -> Iterable[Needle]:
        """Return the needles that stand in a content."""
        self.fresh = raw
        if len(raw) > _LARGE or b"\0" in raw:
            return self._search.found(raw)
        lines = raw.split(b"\n")
        hashes = list(map(hash, lines))
        found: dict[Needle, None] = {}
        for number in self._marked.keys() & hashes if self._marked else ():
            found |= self._marked[number]
        seen = self._seen
        self.fresh = b""
        fresh = [at for at, number in enumerate(hashes) if number not in seen]
        if fresh:
            found |= self._look(lines, hashes, fresh)
            if len(seen) + len(fresh) > _MOST_LINES:
                seen.clear()
            seen.update(hashes[at] for at in fresh)
        return found

    def _look(self, lines: Sequence[bytes], hashes: Sequence[int], fresh: Sequence[int]) -> dict[Needle, None]:
        region, numbers = _region(lines, fresh)
        self.fresh = region
        found = dict.fromkeys(self._search.found(region))
        for needle in found:
            for number in _lines_of(needle, region):
                if numbers[number] is not None:
                    self._marked.setdefault(hashes[numbers[number] or 0], {})[needle] = None
        return found


def _region(lines: Sequence[bytes], fresh: Sequence[int]) -> tuple[bytes, list[int | None]]:
    """The fresh lines with their neighbours as one text, and the number of each of its lines in the content."""
    parts: list[bytes] = []
    numbers: list[int | None] = []
    behind = 0
    for at in fresh:
        begin, end = max(at - _NEIGHBOURS, behind), min(at + _NEIGHBOURS + 1, len(lines))
        if begin > behind:
            parts.append(_APART)
            numbers.append(None)
        if end > begin:
            parts += lines[begin:end]
            numbers += range(begin, end)
            behind = end
    return b"\n".join(parts), numbers


def _lines_of(needle: Needle, region: bytes) -> Iterable[int]:
    """The lines of the text on which a needle begins."""
    text = as_text(region)
    return [text.count("\n", 0, found.start()) for found in needle.pattern.finditer(text)]
