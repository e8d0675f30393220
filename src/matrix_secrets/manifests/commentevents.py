"""Which event of the parser carries which comments.

Source of the behaviour: go.yaml.in/yaml/v3 v3.0.4, parserc.go (the state machine of libyaml, with the comments that
peek_token unfolds and yaml_parser_set_event_comments hands out).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.commentevent import Event, EventKind
from matrix_secrets.manifests.commentgap import BLANK, Mark
from matrix_secrets.manifests.tokens import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matrix_secrets.manifests.commentscan import Scanner


_SCALARS: Final = frozenset({Kind.PLAIN, Kind.QUOTED, Kind.BLOCK, Kind.ALIAS})
_NO_CONTENT: Final = frozenset({Kind.DIRECTIVE, Kind.DOCUMENT_START, Kind.DOCUMENT_END, Kind.STREAM_END})
_BLOCK_KEY_ENDS: Final = frozenset({Kind.KEY, Kind.VALUE, Kind.BLOCK_END})
_FLOW_ENDS: Final = frozenset({Kind.FLOW_ENTRY, Kind.FLOW_SEQUENCE_END, Kind.FLOW_MAPPING_END})
_EMPTY: Final = Event(EventKind.SCALAR)
_END: Final = Event(EventKind.COLLECTION_END)


class CommentParser:
    """The parser's states, as methods; each returns the next event."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._head: list[int] = []
        self._line: list[int] = []
        self._foot: list[int] = []
        self._stem: list[int] = []
        self._state: Callable[[], Event] = self._first_document
        self._states: list[Callable[[], Event]] = []
        self._kind: Kind | None = None
        self._unfolded = 0

    def events(self) -> Iterator[Event]:
        """Yield the events of the whole stream."""
        self._peek()
        self._take()
        while self._peek() is not Kind.STREAM_END or self._states or self._state == self._document_end:
            yield self._state()
            if self._state == self._next_document:
                while self._peek() is Kind.DOCUMENT_END:
                    self._take()

    def _peek(self) -> Kind:
        if self._kind is None:
            self._kind, position = self._scanner.peek()
            if self._unfolded < len(self._scanner.found):
                self._unfold(self._kind, position)
        return self._kind

    def _unfold(self, kind: Kind, position: int) -> None:
        """Take up the comments that go with a token or stand before it."""
        for found in self._scanner.found[self._unfolded :]:
            if position < found.token or (found.head and kind is Kind.BLOCK_END):
                return  # no heads on ends: those wait for what follows
            self._head += found.head
            self._foot += found.foot
            self._line += found.line
            found.head, found.foot, found.line = [], [], []
            found.start, found.scan, found.end, found.token = Mark(), 0, 0, 0
            self._unfolded += 1

    def _take(self) -> None:
        self._scanner.skip()
        self._kind = None

    def _skip(self) -> Kind:
        self._take()
        return self._peek()

    def _with_comments(self, kind: EventKind) -> Event:
        event = Event(kind, tuple(self._head), tuple(self._line), tuple(self._foot))
        self._head, self._line, self._foot, self._stem = [], [], [], []
        return event

    def _pop(self) -> None:
        self._state = self._states.pop()

    def _first_document(self) -> Event:
        if self._peek() in {Kind.DIRECTIVE, Kind.DOCUMENT_START}:
            return self._next_document()
        self._states.append(self._document_end)
        self._state = self._block_node
        head: list[int] = []
        if BLANK in self._head:
            cut = len(self._head) - 1 - self._head[::-1].index(BLANK)
            head, self._head = self._head[:cut], self._head[cut + 1 :]
        return Event(EventKind.DOCUMENT_START, tuple(head))

    def _next_document(self) -> Event:
        kind = self._peek()
        while kind is Kind.DIRECTIVE:
            kind = self._skip()
        self._states.append(self._document_end)
        self._state = self._document_content
        self._take()
        return Event(EventKind.DOCUMENT_START)

    def _document_content(self) -> Event:
        if self._peek() in _NO_CONTENT:
            self._pop()
            return _EMPTY
        return self._block_node()

    def _document_end(self) -> Event:
        if self._peek() is Kind.DOCUMENT_END:
            self._take()
        self._state = self._next_document
        event = self._with_comments(EventKind.DOCUMENT_END)
        return event if event.foot else Event(event.kind, foot=event.head)

    def _block_node(self) -> Event:
        return self._node(block=True)

    def _node(self, *, block: bool, indentless: bool = False) -> Event:
        kind = self._peek()
        while kind is Kind.ANCHOR or kind is Kind.TAG:
            kind = self._skip()
        if indentless and kind is Kind.BLOCK_ENTRY:
            self._state = self._indentless_entry
            return Event(EventKind.SEQUENCE_START)
        if kind in _SCALARS:
            self._pop()
            event = self._with_comments(EventKind.SCALAR)
            self._take()
            return event
        if kind is Kind.FLOW_SEQUENCE_START:
            self._state = lambda: self._inside(self._first_flow_entry)
            return self._with_comments(EventKind.SEQUENCE_START)
        if kind is Kind.FLOW_MAPPING_START:
            self._state = lambda: self._inside(self._first_flow_key)
            return self._with_comments(EventKind.FLOW_MAPPING_START)
        if block and kind in {Kind.BLOCK_SEQUENCE_START, Kind.BLOCK_MAPPING_START}:
            sequence = kind is Kind.BLOCK_SEQUENCE_START
            first = self._block_entry if sequence else self._block_key
            self._state = lambda: self._inside(first)
            stem, self._stem = self._stem, []
            return Event(EventKind.SEQUENCE_START if sequence else EventKind.BLOCK_MAPPING_START, tuple(stem))
        self._pop()
        return _EMPTY  # nothing but an anchor or a tag

    def _inside(self, first: Callable[[], Event]) -> Event:
        """Pass the token that starts a collection."""
        self._take()
        return first()

    def _block_entry(self) -> Event:
        if self._peek() is not Kind.BLOCK_ENTRY:
            self._pop()
            self._take()
            return _END
        if self._enter_item() in {Kind.BLOCK_ENTRY, Kind.BLOCK_END}:
            self._state = self._block_entry
            return _EMPTY
        self._states.append(self._block_entry)
        return self._node(block=True)

    def _indentless_entry(self) -> Event:
        if self._peek() is not Kind.BLOCK_ENTRY:
            self._pop()
            return _END
        if self._enter_item() in _BLOCK_KEY_ENDS | {Kind.BLOCK_ENTRY}:
            self._state = self._indentless_entry
            return _EMPTY
        self._states.append(self._indentless_entry)
        return self._node(block=True)

    def _enter_item(self) -> Kind:
        """Pass the ``-``; a head comment before it belongs to the collection that starts behind it, if one does."""
        stem = len(self._head)
        self._take()
        if stem and self._peek() in {Kind.BLOCK_SEQUENCE_START, Kind.BLOCK_MAPPING_START}:
            self._stem, self._head = self._head[:stem], self._head[stem:]
        return self._peek()

    def _block_key(self) -> Event:
        kind = self._peek()
        if kind is Kind.BLOCK_END:
            self._pop()
            event = self._with_comments(EventKind.COLLECTION_END)
            self._take()
            return event
        return self._part(self._block_value, _BLOCK_KEY_ENDS, present=kind is Kind.KEY)

    def _block_value(self) -> Event:
        return self._part(self._block_key, _BLOCK_KEY_ENDS, present=self._peek() is Kind.VALUE)

    def _part(self, then: Callable[[], Event], ends: frozenset[Kind], *, present: bool) -> Event:
        """The key or value behind its indicator; an empty scalar where there is none."""
        if present and self._skip() not in ends:
            self._states.append(then)
            return self._node(block=ends is _BLOCK_KEY_ENDS, indentless=ends is _BLOCK_KEY_ENDS)
        self._state = then
        return _EMPTY

    def _flow_end(self) -> Event:
        self._pop()
        event = self._with_comments(EventKind.COLLECTION_END)
        self._take()
        return event

    def _flow_entry(self) -> Event:
        if self._peek() is not Kind.FLOW_SEQUENCE_END:
            self._take()
        return self._first_flow_entry()

    def _first_flow_entry(self) -> Event:
        kind = self._peek()
        if kind is Kind.FLOW_SEQUENCE_END:
            return self._flow_end()
        if kind is Kind.KEY:
            self._state = self._pair_key
            self._take()
            return Event(EventKind.FLOW_MAPPING_START)
        self._states.append(self._flow_entry)
        return self._node(block=False)

    def _pair_key(self) -> Event:
        if self._peek() in _FLOW_ENDS | {Kind.VALUE}:
            self._take()  # as go-yaml and libyaml do
            self._state = self._pair_value
            return _EMPTY
        self._states.append(self._pair_value)
        return self._node(block=False)

    def _pair_value(self) -> Event:
        return self._part(self._pair_end, _FLOW_ENDS, present=self._peek() is Kind.VALUE)

    def _pair_end(self) -> Event:
        self._state = self._flow_entry
        return _END

    def _flow_key(self) -> Event:
        if self._peek() is not Kind.FLOW_MAPPING_END:
            self._take()
        return self._first_flow_key()

    def _first_flow_key(self) -> Event:
        kind = self._peek()
        if kind is Kind.FLOW_MAPPING_END:
            return self._flow_end()
        if kind is Kind.KEY:
            return self._part(self._flow_value, _FLOW_ENDS | {Kind.VALUE}, present=True)
        self._states.append(self._empty_flow_value)
        return self._node(block=False)

    def _flow_value(self) -> Event:
        return self._part(self._flow_key, _FLOW_ENDS, present=self._peek() is Kind.VALUE)

    def _empty_flow_value(self) -> Event:
        self._state = self._flow_key
        return _EMPTY
