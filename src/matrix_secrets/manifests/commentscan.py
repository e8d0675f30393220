"""Where go-yaml v3 finds comments, and which token each of them goes with.

sops encrypts a comment under the path of the branch that go-yaml puts it in, so that rule has to be followed to the
letter, its oddities included. Source of the behaviour: go.yaml.in/yaml/v3 v3.0.4, scannerc.go
(yaml_parser_scan_comments, _scan_line_comment, _unroll_indent, _scan_to_next_token and the token queue around them).
Everything else in that scanner is libyaml, whose tokens come from `matrix_secrets.manifests.tokens`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.commentgap import BREAKS, LINE_END, LOOKAHEAD, Found, Gap, GapScan, Mark, take_end
from matrix_secrets.manifests.tokens import Kind, SimpleKey, Token

if TYPE_CHECKING:
    from collections.abc import Iterable

_SPACE: Final = re.compile(r"[ \t\n\r\x85\u2028\u2029]*")
_SPACES: Final = re.compile(r" *")
_SIMPLE_KEY_LENGTH: Final = 1024
_QUEUED: Final = 3  # tokens that go-yaml wants in its queue, for the comments behind them
_OUTSIDE: Final = frozenset({Kind.STREAM_END, Kind.DIRECTIVE, Kind.DOCUMENT_START, Kind.DOCUMENT_END})


class Scanner:
    """go-yaml's token queue, filled as far ahead as go-yaml fills it: what a comment becomes depends on that."""

    def __init__(self, text: str, source: Iterable[Token]) -> None:
        self.comments: list[tuple[int, int]] = []
        self.found: list[Found] = []
        self._text = text + "\0\0"  # as far as go-yaml looks beyond the end
        self._line_starts = [0, *(found.end() for found in LINE_END.finditer(text))]
        self._source = iter(source)
        self._queue: list[tuple[Kind, int]] = [(Kind.STREAM_START, 0)]
        self._head = 0
        self._at = 0
        self._line = 0
        self._indent = -1
        self._indents: list[int] = []
        self._keys = [SimpleKey(possible=False, number=0)]
        self._key_of_token: dict[int, int] = {}
        self._key_allowed = True
        next(self._source)  # the stream's start

    def peek(self) -> tuple[Kind, int]:
        """Return the next token and its position."""
        while self._head > len(self._queue) - _QUEUED or self._key_is_open():
            token = next(self._source, None)
            if token is None:
                break
            self._fetch(token)
        return self._queue[self._head]

    def skip(self) -> None:
        """Take the next token off the queue."""
        self._head += 1

    def _key_is_open(self) -> bool:
        at = self._key_of_token.get(self._head)
        return at is not None and at < len(self._keys) and self._is_valid(self._keys[at])

    def _is_valid(self, key: SimpleKey) -> bool:
        if key.possible and (key.line < self._line or key.position + _SIMPLE_KEY_LENGTH < self._at):
            key.possible = False
        return key.possible

    def _fetch(self, token: Token) -> None:
        kind, start, _, line, column, _ = token
        scan_from = self._at
        if kind is Kind.STREAM_END:  # libyaml has moved on to a new line here, go-yaml does so later
            _, line, column = self._mark(start)
        in_flow = len(self._keys) > 1
        if line > self._line and not in_flow:
            self._key_allowed = True
        if self._text.find("#", scan_from, start) >= 0 or (self.found and self.found[-1].line):
            self._to_next_token(scan_from, start)
        self._at, self._line = start, line
        if self._indent > column and not in_flow:
            self._unroll(column, scan_from)
        if kind in _OUTSIDE:
            self._unroll(-1, start)
            self._drop_key()
            self._key_allowed = False
            self._queue.append((kind, start))
            self._go_to(self._line_end(token.end) if kind is Kind.DIRECTIVE else token.end)
            return
        goes_with = self._queue[-1][1] if self._text[start] == ("," if in_flow else ":") else start
        self._fetch_content(token, in_flow=in_flow)
        self._queue.append((kind, start))
        if kind is not Kind.BLOCK_ENTRY:
            self._line_comment(goes_with)

    def _go_to(self, position: int) -> None:
        self._at = position
        self._line = bisect_right(self._line_starts, position) - 1

    def _line_end(self, position: int) -> int:
        found = LINE_END.search(self._text, position)
        return found.end() if found else len(self._text) - 2

    def _fetch_content(self, token: Token, *, in_flow: bool) -> None:
        kind, _, end, _, column, end_line = token
        self._at, self._line = end, end_line
        if kind is Kind.PLAIN or kind is Kind.QUOTED or kind in (Kind.ALIAS, Kind.ANCHOR, Kind.TAG):
            self._save_key(token)
            self._key_allowed = False
            if kind is Kind.PLAIN and (space := _SPACE.match(self._text, end)) and space.end() > end:
                self._go_to(space.end())
                self._key_allowed = self._line > end_line
        elif kind is Kind.VALUE:
            self._value(token, in_flow=in_flow)
        elif kind is Kind.BLOCK_ENTRY or kind is Kind.KEY:
            starts = Kind.BLOCK_SEQUENCE_START if kind is Kind.BLOCK_ENTRY else Kind.BLOCK_MAPPING_START
            self._roll(token.start, column, None, starts)
            self._drop_key()
            self._key_allowed = kind is Kind.BLOCK_ENTRY or not in_flow
        elif kind is Kind.FLOW_SEQUENCE_START or kind is Kind.FLOW_MAPPING_START:
            self._save_key(token)
            self._keys.append(SimpleKey(possible=False, number=len(self._queue)))
            self._key_allowed = True
        elif kind is Kind.FLOW_ENTRY:
            self._drop_key()
            self._key_allowed = True
        elif kind is Kind.BLOCK:
            self._drop_key()
            self._key_allowed = True
            self._block_scalar(token)
        else:
            self._drop_key()
            self._key_of_token.pop(self._keys.pop().number, None)
            self._key_allowed = False

    def _block_scalar(self, token: Token) -> None:
        header_end = self._line_end(token.start)
        hash_at = self._text.find("#", token.start, header_end)
        if hash_at >= 0:
            self._at, self._line = hash_at, token.line
            self._line_comment(token.start)
        spaces = _SPACES.match(self._text, token.end)
        self._go_to(spaces.end() if spaces else token.end)

    def _value(self, token: Token, *, in_flow: bool) -> None:
        key = self._keys[-1]
        self._line = token.line
        if self._is_valid(key):
            self._queue.insert(key.number, (Kind.KEY, key.position))
            self._roll(key.position, key.column, key.number, Kind.BLOCK_MAPPING_START)
            self._drop_key()
            self._key_allowed = False
        else:
            self._roll(token.start, token.column, None, Kind.BLOCK_MAPPING_START)
            self._key_allowed = not in_flow

    def _save_key(self, token: Token) -> None:
        if self._key_allowed:
            self._drop_key()
            number = len(self._queue)
            self._keys[-1] = SimpleKey(True, number, token.start, token.line, token.column)  # noqa: FBT003
            self._key_of_token[number] = len(self._keys) - 1

    def _drop_key(self) -> None:
        key = self._keys[-1]
        if key.possible:
            key.possible = False
            self._key_of_token.pop(key.number, None)

    def _roll(self, position: int, column: int, number: int | None, kind: Kind) -> None:
        if self._indent < column and len(self._keys) == 1:
            self._indents.append(self._indent)
            self._indent = column
            self._queue.insert(len(self._queue) if number is None else number, (kind, position))

    def _unroll(self, column: int, scan_from: int) -> None:
        """Close the blocks that end here, each in front of the comments that belong to its parent."""
        block = scan_from - 1
        while self._indent > column and len(self._keys) == 1:
            stop = block
            for comment in reversed(self.found):
                if comment.end < stop:
                    break
                if comment.start.column == self._indent + 1:
                    block = comment.start.position
                stop = comment.scan
            self._queue.append((Kind.BLOCK_END, block))
            self._indent = self._indents.pop()

    def _mark(self, position: int) -> Mark:
        line = bisect_right(self._line_starts, position) - 1
        return Mark(position, line, position - self._line_starts[line])

    def _newlines(self, position: int) -> int:
        """Line breaks since the last character that is not white space."""
        start = position
        while start and self._text[start - 1] in " \t\n\r\x85\u2028\u2029":
            start -= 1
        return self._mark(position).line - self._mark(start).line

    def _to_next_token(self, scan_from: int, token: int) -> None:
        """Go over white space and comments (yaml_parser_scan_to_next_token)."""
        text = self._text
        while True:
            while text[self._at] in " \t" and self._at < token:
                self._at += 1
            self._lift_line_comment()
            if text[self._at] == "#" and self._at < token:
                self._comments(scan_from)
            if text[self._at] not in BREAKS or self._at >= token:
                return
            self._at += 2 if text.startswith("\r\n", self._at) else 1

    def _lift_line_comment(self) -> None:
        """A line comment in front of a sequence's first entry becomes the head of what follows."""
        if not self.found or not self.found[-1].line or self._text[self._at] in BREAKS:
            return
        if [kind for kind, _ in self._queue[-2:]] != [Kind.BLOCK_SEQUENCE_START, Kind.BLOCK_ENTRY]:
            return
        comment = self.found[-1]
        comment.head, comment.line = comment.line, []
        if comment.start.line == self._mark(self._at).line - 1:
            comment.token = self._at

    def _line_comment(self, goes_with: int) -> None:
        """A comment behind a token on the same line (yaml_parser_scan_line_comment)."""
        start = self._at
        while self._text[start] in " \t" and start - self._at < LOOKAHEAD:
            start += 1
        if self._text[start] == "#" and start - self._at < LOOKAHEAD and not self._newlines(self._at):
            self.found.append(Found(goes_with, self._mark(start), line=[len(self.comments)]))
            self._at = take_end(self._text, start)
            self.comments.append((start, self._at))

    def _comments(self, scan_from: int) -> None:
        """Comments on lines of their own (yaml_parser_scan_comments)."""
        kind, position = self._queue[-1]
        if kind is Kind.FLOW_ENTRY:
            kind, position = self._queue[-2]
        gap = Gap(
            at=self._mark(self._at),
            scan_from=self._mark(scan_from),
            newlines=self._newlines(self._at),
            token=position,
            after_value=kind is Kind.VALUE,
            indent=self._indent,
            in_flow=len(self._keys) > 1,
        )
        scan = GapScan(self._text, gap, len(self.comments)).run()
        self.found.extend(scan.found)
        self.comments.extend(scan.comments)
        self._at = scan.at
