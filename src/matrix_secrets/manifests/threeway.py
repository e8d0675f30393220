"""Lines merged over those they come from: what lies between lines that all three have is one change."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def merged_lines(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str] | None:
    """Merge lines; None where both sides changed the same ones, or neighbours, differently."""
    found: list[str] = []
    at = (0, 0, 0)
    for same in (*_shared(base, ours, theirs), (len(base), len(ours), len(theirs), 0)):
        old, left, right = (
            list(lines[begin:end]) for lines, begin, end in zip((base, ours, theirs), at, same[:3], strict=True)
        )
        if left == old:
            found += right
        elif right in (old, left):
            found += left
        else:
            return None
        count = same[3]
        found += base[same[0] : same[0] + count]
        at = (same[0] + count, same[1] + count, same[2] + count)
    return found


def _shared(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield runs of lines that all three have: where they begin in each, and how many they are."""
    lefts, rights = (SequenceMatcher(None, base, side, autojunk=False).get_matching_blocks() for side in (ours, theirs))
    one = other = 0
    while one < len(lefts) and other < len(rights):
        left, right = lefts[one], rights[other]
        begin, end = max(left.a, right.a), min(left.a + left.size, right.a + right.size)
        if begin < end:
            yield begin, left.b + begin - left.a, right.b + begin - right.a, end - begin
        if left.a + left.size < right.a + right.size:
            one += 1
        else:
            other += 1
