"""The tokens that stand in a YAML text, in order, without those that the scanner puts in between."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from matrix_secrets.manifests.events import tokens as tokens_of
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(IntEnum):
    """Kinds of tokens; the last three have no characters of their own and are made by the scanner."""

    STREAM_START = 0
    STREAM_END = 1
    DIRECTIVE = 2
    DOCUMENT_START = 3
    DOCUMENT_END = 4
    FLOW_SEQUENCE_START = 5
    FLOW_MAPPING_START = 6
    FLOW_SEQUENCE_END = 7
    FLOW_MAPPING_END = 8
    FLOW_ENTRY = 9
    BLOCK_ENTRY = 10
    KEY = 11
    VALUE = 12
    ALIAS = 13
    ANCHOR = 14
    TAG = 15
    PLAIN = 16
    QUOTED = 17
    BLOCK = 18
    BLOCK_SEQUENCE_START = 19
    BLOCK_MAPPING_START = 20
    BLOCK_END = 21


class Token(NamedTuple):
    """A token with its first character and the one behind its last; lines and columns count from 0."""

    kind: Kind
    start: int
    end: int
    line: int
    column: int
    end_line: int


@dataclass(slots=True)
class SimpleKey:
    """What could be a key without ``?``, if a colon follows on the same line."""

    possible: bool
    number: int
    position: int = 0
    line: int = 0
    column: int = 0


_KINDS: Final = {
    "StreamStartToken": Kind.STREAM_START,
    "StreamEndToken": Kind.STREAM_END,
    "DirectiveToken": Kind.DIRECTIVE,
    "DocumentStartToken": Kind.DOCUMENT_START,
    "DocumentEndToken": Kind.DOCUMENT_END,
    "FlowSequenceStartToken": Kind.FLOW_SEQUENCE_START,
    "FlowMappingStartToken": Kind.FLOW_MAPPING_START,
    "FlowSequenceEndToken": Kind.FLOW_SEQUENCE_END,
    "FlowMappingEndToken": Kind.FLOW_MAPPING_END,
    "FlowEntryToken": Kind.FLOW_ENTRY,
    "BlockEntryToken": Kind.BLOCK_ENTRY,
    "KeyToken": Kind.KEY,
    "ValueToken": Kind.VALUE,
    "AliasToken": Kind.ALIAS,
    "AnchorToken": Kind.ANCHOR,
    "TagToken": Kind.TAG,
}
_INSERTED: Final = frozenset({"BlockSequenceStartToken", "BlockMappingStartToken", "BlockEndToken"})


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a text that parses and has no byte order mark."""
    for token in tokens_of(text):
        name = type(token).__name__
        if name in _INSERTED:
            continue
        begin, behind = token.start_mark, token.end_mark
        start, end = begin.index, behind.index
        if name == "ScalarToken":
            kind = Kind.BLOCK if token.style in ("|", ">") else Kind.QUOTED if token.style else Kind.PLAIN
        else:
            kind = _KINDS[name]
            if kind is Kind.KEY and start == end:
                continue
        yield Token(kind, start, end, begin.line, begin.column, behind.line)
