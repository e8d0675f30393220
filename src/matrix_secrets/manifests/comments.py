"""The comments of a text, and the node that go-yaml v3 gives each of them to.

Source of the behaviour: go.yaml.in/yaml/v3 v3.0.4, decode.go (parser.node, parser.mapping, parser.document).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from matrix_secrets.manifests.commentevent import Event, EventKind
from matrix_secrets.manifests.commentevents import CommentParser
from matrix_secrets.manifests.commentscan import Scanner
from matrix_secrets.manifests.parse import BOM
from matrix_secrets.manifests.tokens import tokens


@dataclass(frozen=True, slots=True)
class Comment:
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


@dataclass(frozen=True, slots=True)
class Attached:
    """All comments of a text, in its order, and one node for each document."""

    comments: tuple[Comment, ...]
    documents: tuple[NodeComments, ...]


def attach(text: str) -> Attached:
    """Find the comments of a text that `parse` accepts, and who they belong to."""
    offset = 1 if text.startswith(BOM) else 0
    body = text[offset:]
    scanner = Scanner(body, tokens(body))
    documents = _compose(CommentParser(scanner))
    found = tuple(Comment(start + offset, end + offset) for start, end in scanner.comments)
    return Attached(found, documents)


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
