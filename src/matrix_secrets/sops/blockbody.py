"""The lines of a block scalar in the text: where they stand, how they are indented, how their end is chomped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from matrix_secrets.manifests.sourcemap import BLOCK_HEADER

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Scalar

_LINE: Final = re.compile(r"[^\r\n]*")
_NEWLINE: Final = re.compile(r"\r\n|\n|\r")
_CONTENT: Final = re.compile(r"( *)[^ \r\n]")


class BlockBody(NamedTuple):
    """``text[start:end]`` are the lines that carry the value, from the first indentation to the last character.

    The line end behind them is not included. Under ``|+`` all empty lines are, otherwise those at the end are not.
    ``indicator`` is the header's first word (``|2-``); ``newline_at`` is where the header's line ends.
    """

    start: int
    end: int
    indent: str
    indicator: str
    newline_at: int

    @property
    def chomping(self) -> str:
        """``-``, ``+`` or nothing."""
        return "".join(char for char in self.indicator if char in "+-")

    @property
    def digit(self) -> str:
        """The indentation indicator, if there is one."""
        return "".join(char for char in self.indicator if char.isdigit())


def block_body(text: str, node: Scalar) -> BlockBody | None:
    """Locate the lines of a block scalar; None where it has no line with content."""
    header = BLOCK_HEADER.match(text, node.start, node.end)
    if header is None:
        return None
    start = header.end()
    in_text = _first_content(text, start, node.end)
    in_value = _first_content(node.value, 0, len(node.value))
    if in_text is None or in_value is None:
        return None
    indent = in_text - in_value
    indicator = text[node.start] + header[1]
    end = _without_line_end(text, start, node.end)
    if "+" not in indicator:
        while (line_start := max(text.rfind("\n", start, end), text.rfind("\r", start, end)) + 1) > start:
            line = text[line_start:end]
            if len(line) > indent or line.strip(" "):
                break
            end = _without_line_end(text, start, line_start)
    return BlockBody(start, end, " " * indent, indicator, header.start(3))


def _first_content(text: str, start: int, end: int) -> int | None:
    """How far the first line with something other than spaces is indented."""
    position = start
    while position < end:
        if found := _CONTENT.match(text, position, end):
            return len(found[1])
        line_break = _NEWLINE.search(text, position, end)
        if line_break is None:
            return None
        position = line_break.end()
    return None


def _without_line_end(text: str, start: int, end: int) -> int:
    if end > start and text[end - 1] == "\n":
        end -= 1
    if end > start and text[end - 1] == "\r":
        end -= 1
    return end
