"""The comments of a text, and the node that go-yaml v3 gives each of them to.

Source of the behaviour: go.yaml.in/yaml/v3 v3.0.4, decode.go (parser.node, parser.mapping, parser.document).
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final, NamedTuple

from matrix_secrets.manifests.commentevent import Event, EventKind
from matrix_secrets.manifests.commentevents import CommentParser
from matrix_secrets.manifests.commentscan import Scanner
from matrix_secrets.manifests.parse import BOM
from matrix_secrets.manifests.tokens import tokens
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection

    from matrix_secrets.manifests.nodes import Stream


class Comment(NamedTuple):
    """A comment; ``text[start]`` is its ``#``, ``text[end]`` the line end behind it."""

    start: int
    end: int


@dataclass(slots=True)
class NodeComments:
    """The comments of one node, by number, and those of its children in the order of the text.

    A document has its root as only child, a mapping its keys and values in turn. Where a number is negative, an
    empty line stands between two comments.
    """

    head: tuple[int, ...] = ()
    line: tuple[int, ...] = ()
    foot: tuple[int, ...] = ()
    children: list[NodeComments] = field(default_factory=list)


class Attached(NamedTuple):
    """The comments of a text, in its order, and one node for each document that was looked at.

    ``elsewhere`` are those that belong to the top level of a document that was not.
    """

    comments: tuple[Comment, ...]
    documents: tuple[NodeComments | None, ...]
    elsewhere: frozenset[int] = frozenset()


_ANOTHER: Final = "---\n"


def attach(text: str) -> Attached:
    """Find the comments of a text that `parse` accepts, and who they belong to."""
    offset = 1 if text.startswith(BOM) else 0
    body = text[offset:]
    scanner = Scanner(body, tokens(body))
    documents = _compose(CommentParser(scanner))
    found = tuple(Comment(start + offset, end + offset) for start, end in scanner.comments)
    return Attached(found, documents)


def attach_some(stream: Stream, wanted: Collection[int]) -> Attached:
    """Do so for some documents only; the others are None, and their comments are not there.

    Each is looked at up to the ``---`` of the next one. A comment that stands in it but belongs to the document before
    is in ``elsewhere``.
    """
    text, count = stream.text, len(stream.documents)
    apart = all(text.startswith("---", document.start) for document in stream.documents[1:])
    if len(wanted) == count or not apart:
        return attach(text)
    comments: list[Comment] = []
    documents: list[NodeComments | None] = [None] * count
    elsewhere: set[int] = set()
    for number in sorted(wanted):
        start = stream.documents[number].start
        end = len(text) if number + 1 == count else stream.documents[number + 1].start + 3
        # Behind another document, as it stands in the text: a comment right behind its --- can belong to that one.
        part = attach((_ANOTHER if number else "") + text[start:end])
        shift, before = start - (len(_ANOTHER) if number else 0), len(comments)
        comments += [Comment(comment.start + shift, comment.end + shift) for comment in part.comments]
        documents[number] = _renumbered(part.documents[1 if number else 0], before)
        if number and (another := part.documents[0]) is not None:
            elsewhere.update(before + other for other in another.foot if other >= 0)
    return Attached(tuple(comments), tuple(documents), frozenset(elsewhere))


def _renumbered(node: NodeComments | None, by: int) -> NodeComments | None:
    pending = [node] if node is not None and by else []
    while pending:
        one = pending.pop()
        one.head, one.line, one.foot = (
            tuple(number + by if number >= 0 else number for number in numbers)
            for numbers in (one.head, one.line, one.foot)
        )
        pending += one.children
    return node


@dataclass(slots=True)
class _Open:
    node: NodeComments
    kind: EventKind


def _compose(parser: CommentParser) -> tuple[NodeComments, ...]:
    documents: list[NodeComments] = []
    stack: list[_Open] = []
    for event in parser.events():
        match event.kind:
            case EventKind.DOCUMENT_START:
                stack.append(_Open(NodeComments(event.head), event.kind))
            case EventKind.DOCUMENT_END:
                document = stack.pop().node
                document.foot = event.foot
                documents.append(document)
            case EventKind.SCALAR:
                _add(stack[-1], NodeComments(event.head, event.line, event.foot))
            case EventKind.COLLECTION_END:
                opened = stack.pop()
                _close(opened, event)
                _add(stack[-1], opened.node)
            case _:
                stack.append(_Open(NodeComments(event.head, event.line, event.foot), event.kind))
    return tuple(documents)


def _close(opened: _Open, event: Event) -> None:
    node = opened.node
    node.line, node.foot = event.line, event.foot
    if opened.kind is EventKind.BLOCK_MAPPING_START and node.foot and node.children:
        node.children[-2].foot, node.foot = node.foot, ()


def _add(parent: _Open, node: NodeComments) -> None:
    children = parent.node.children
    children.append(node)
    if parent.kind not in {EventKind.BLOCK_MAPPING_START, EventKind.FLOW_MAPPING_START}:
        return
    is_key = len(children) % 2 == 1
    if is_key and parent.kind is EventKind.BLOCK_MAPPING_START and node.foot and len(children) > 1:
        # A foot in front of a key is that of the value before it.
        children[-3].foot, node.foot = node.foot, ()
    elif not is_key and node.foot and not children[-2].foot:
        children[-2].foot, node.foot = node.foot, ()
