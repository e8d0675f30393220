"""Which characters of a scalar's value stand where in the source text.

A value is made of runs: stretches whose characters stand in the source as they are. Between two runs the source
holds something else: an indentation, a folded line end, an escape. An edit inside one run can be made in place.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Scalar

BLOCK_HEADER: Final = re.compile(r"[|>]([1-9]?[+-]?|[+-][1-9])[ \t]*(#[^\r\n]*)?(\r\n|\r|\n|$)")
LINE_BREAK: Final = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_ESCAPE: Final = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|(?:\r\n|[^xuU]))", re.DOTALL)


class Run(NamedTuple):
    """``value[start:start + length]`` is ``text[source:source + length]``."""

    start: int
    source: int
    length: int


class SourceMap(NamedTuple):
    """The runs of one scalar, in order. ``indent`` is the block's indentation, None outside block scalars."""

    runs: tuple[Run, ...]
    indent: str | None = None

    def locate(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where ``value[start:end]`` stands in the text; None if not in one run, so not editable in place."""
        at = bisect_right(self.runs, start, key=lambda run: run.start) - 1
        for run in self.runs[max(at - 1, 0) : at + 1][::-1]:
            if run.start <= start and end <= run.start + run.length:
                return run.source + start - run.start, run.source + end - run.start
        return None


def source_map(text: str, scalar: Scalar) -> SourceMap:
    """Find the runs of a scalar. A style or spelling that is not understood gives fewer runs, never wrong ones."""
    match scalar.style:
        case "|" | ">":
            return _block(text, scalar)
        case '"':
            pieces = _content_pieces(text, scalar.start + 1, scalar.end - 1, escapes=True)
        case "'":
            pieces = _content_pieces(text, scalar.start + 1, scalar.end - 1, quotes=True)
        case _:
            pieces = _content_pieces(text, scalar.start, scalar.end)
    return SourceMap(_align(text, scalar.value, pieces, escapes=scalar.style == '"'))


def _content_pieces(
    text: str, start: int, end: int, *, escapes: bool = False, quotes: bool = False
) -> list[tuple[int, int]]:
    """Cut the source of a flow scalar into stretches without line breaks, escapes and doubled quotes."""
    pieces: list[tuple[int, int]] = []
    position = start
    special = _ESCAPE if escapes else re.compile("''") if quotes else None
    while position < end:
        line_break = LINE_BREAK.search(text, position, end)
        line_end = line_break.start() if line_break else end
        cursor = position
        while special is not None and (found := special.search(text, cursor, line_end)):
            pieces.append((cursor, found.start()))
            if quotes:
                pieces.append((found.start(), found.start() + 1))
            cursor = found.end()
        pieces.append((cursor, max(cursor, line_end)))
        position = max(line_break.end() if line_break else end, cursor)
        if position < end:  # the white space around a folded line end is not content
            while position < end and text[position] in " \t":
                position += 1
    return [piece for piece in pieces if piece[0] < piece[1]]


def _block(text: str, scalar: Scalar) -> SourceMap:
    header = BLOCK_HEADER.match(text, scalar.start, scalar.end)
    if header is None:
        return SourceMap(())
    lines: list[tuple[int, int]] = []
    position = header.end()
    while position < scalar.end:
        found = LINE_BREAK.search(text, position, scalar.end)
        lines.append((position, found.start() if found else scalar.end))
        position = found.end() if found else scalar.end
    indent = _block_indent(text, lines, scalar.value)
    pieces = [(start + len(indent), end) for start, end in lines if end - start > len(indent)]
    return SourceMap(_align(text, scalar.value, pieces), indent)


def _block_indent(text: str, lines: list[tuple[int, int]], value: str) -> str:
    """The indentation: what the first line with content has in the source beyond what it has in the value."""
    content = next((text[start:end] for start, end in lines if text[start:end].strip(" ")), "")
    spaces = len(content) - len(content.lstrip(" "))
    line = next((line for line in LINE_BREAK.split(value) if line.strip(" ")), "")
    return " " * (spaces - (len(line) - len(line.lstrip(" "))))


def _align(text: str, value: str, pieces: list[tuple[int, int]], *, escapes: bool = False) -> tuple[Run, ...]:
    runs: list[Run] = []
    position = 0
    for start, end in pieces:
        content = text[start:end]
        at = value.find(content, position)
        if at < 0:
            content = content.rstrip(" \t")
            at = value.find(content, position)
        if at < 0 or not content:
            continue
        if not escapes and value[position:at].strip():
            break  # found only beyond other content: chance, not alignment
        runs.append(Run(at, start, len(content)))
        position = at + len(content)
    return tuple(runs)
