"""The parser's events, with the comments that each of them carries."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class EventKind(IntEnum):
    """Kinds of events; an alias counts as a scalar."""

    DOCUMENT_START = 0
    DOCUMENT_END = 1
    SCALAR = 2
    SEQUENCE_START = 3
    FLOW_MAPPING_START = 4
    BLOCK_MAPPING_START = 5
    COLLECTION_END = 6


class Event(NamedTuple):
    """An event with its comments, by number."""

    kind: EventKind
    head: tuple[int, ...] = ()
    line: tuple[int, ...] = ()
    foot: tuple[int, ...] = ()
