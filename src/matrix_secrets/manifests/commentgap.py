"""Comments on lines of their own, between two tokens: cut into heads of what follows and feet of what precedes.

Source of the behaviour: go.yaml.in/yaml/v3 v3.0.4, scannerc.go, yaml_parser_scan_comments. It looks at single
characters, so that in a file with CRLF each line feed counts as an empty line of its own.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Final, NamedTuple

from matrix_secrets.records import dataclass

BLANK: Final = -1
"""An empty line between comments in a list of comment numbers."""

BREAKS: Final = "\n\r\x85\u2028\u2029"
LINE_END: Final = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
LOOKAHEAD: Final = 512
"""Characters of white space that go-yaml looks over."""
_TEXT: Final = re.compile(r"[^\n\r\x85\u2028\u2029\0]*")


class Mark(NamedTuple):
    """A position; in comments on lines of their own ``column`` counts from 1, as go-yaml does there."""

    position: int = 0
    line: int = 0
    column: int = 0


@dataclass(slots=True)
class Found:
    """A run of comments by number; ``token`` is the position of the token it goes with, or of what follows."""

    token: int
    start: Mark
    scan: int = 0
    end: int = 0
    head: list[int] = field(default_factory=list)
    line: list[int] = field(default_factory=list)
    foot: list[int] = field(default_factory=list)


class Gap(NamedTuple):
    """What the scanner knows when it meets the first ``#`` between two tokens.

    ``newlines`` counts the line breaks right before it; ``after_value`` tells of a ``:`` as the token before.
    """

    at: Mark
    scan_from: Mark
    newlines: int
    token: int
    after_value: bool
    indent: int
    in_flow: bool


class GapScan:
    """One pass over a gap. ``found`` are its runs, ``comments`` their positions, ``at`` where scanning goes on."""

    def __init__(self, text: str, gap: Gap, first_number: int) -> None:
        self.found: list[Found] = []
        self.comments: list[tuple[int, int]] = []
        self.at = gap.at.position
        self._text = text
        self._gap = gap
        self._number = first_number
        self._run: list[int] = []
        self._start = Mark()
        self._scan = gap.scan_from.position
        self._token = gap.token
        self._indent = max(gap.indent, 0)
        self._foot_line = -1
        if gap.scan_from.line > 0:
            self._foot_line = gap.at.line - gap.newlines + 1
            if gap.newlines == 0 and gap.at.column > 1:
                self._foot_line += 1

    def run(self) -> GapScan:
        """Scan the gap to its end."""
        gap = self._gap
        first_empty, recent_empty = gap.newlines <= 1, False
        line, column = gap.at.line, gap.at.column
        true_line = line
        peek = 0
        while peek < LOOKAHEAD:
            column += 1
            here = self.at + peek
            char = self._text[here]
            if char in BREAKS or char == "\0" or (gap.in_flow and char in "]}"):
                if char in "]}" or not recent_empty:
                    self._line_without_comment(char, here, first_empty=first_empty)
                if char not in BREAKS:
                    break
                first_empty, recent_empty = False, True
                column, line = 0, line + 1
            elif char not in " \t":
                if self._run and column - 1 < self._indent and column != self._start.column:
                    self._end_foot(here, moves=False)
                if char != "#":
                    break
                counted_to = self.at
                self._take(here, Mark(here, line, column))
                recent_empty = False
                true_line += len(LINE_END.findall(self._text, counted_to, self.at))
                line = true_line  # CRLF was counted twice on the way
                peek = column = 0
            peek += 1
        if self._run:
            start = self._start
            self.found.append(Found(start.position, start, self._scan, self.at + peek - 1, head=self._run))
        return self

    def _line_without_comment(self, char: str, here: int, *, first_empty: bool) -> None:
        """An empty line, the end of the text or of a flow collection: the run so far may be a foot."""
        if char in "]}" or (first_empty and self._is_foot()):
            self._end_foot(here, moves=True)
        elif self._run and char != "\0":
            self._run.append(BLANK)

    def _is_foot(self) -> bool:
        """Whether the run so far belongs to what precedes it, now that an empty line follows."""
        on_foot_line = self._start.line == self._foot_line and not self._gap.after_value
        return on_foot_line or self._start.column - 1 < self._indent

    def _end_foot(self, here: int, *, moves: bool) -> None:
        if not self._run:
            return
        if moves and self._start.column - 1 < self._indent:
            self._token = self._start.position
        self.found.append(Found(self._token, self._start, self._scan, here, foot=self._run))
        self._scan = self._token = here
        self._run = []

    def _take(self, start: int, mark: Mark) -> None:
        if not self._run:
            self._start = mark
        end = take_end(self._text, start)
        self.comments.append((start, end))
        self._run.append(self._number)
        self._number += 1
        self.at = end


def take_end(text: str, start: int) -> int:
    """The end of the comment that starts at a position."""
    found = _TEXT.match(text, start)
    return found.end() if found else start
