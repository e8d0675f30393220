"""The guide's placeholders that are left in a stack, told apart: in a value, or in a comment."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.nodes import Document, Leaf, Node, Scalar, Stream, leaves
from matrix_secrets.manifests.resources import DATA, STRING_DATA, Resource
from matrix_secrets.records import dataclass
from matrix_secrets.stack.placeholders import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.model import Stack


@dataclass(frozen=True, slots=True)
class Leftover:
    """A placeholder. ``token`` is its text and position in ``text``: the file's, or that of the ``config`` it is in.

    ``scalar`` is the value that it stands in, None in a comment.
    """

    place: Place
    token: Token
    text: str = field(repr=False)
    scalar: Scalar | None = field(default=None, repr=False)
    config: ConfigText | None = field(default=None, repr=False)

    @property
    def in_comment(self) -> bool:
        """Whether it stands in a comment, where it does no harm."""
        return self.scalar is None


def leftovers(stack: Stack) -> Iterator[Leftover]:
    """Yield the placeholders in a stack's files, in configurations after the rest of their file."""
    configs = (*stack.homeservers, *stack.elements)
    for file in stack.files:
        own = [config for config in configs if config.file == file.file and config.readable]
        yield from _in_stream(file.stream, own)
        for config in own:
            yield from _in_config(config)


def _in_stream(stream: Stream, configs: list[ConfigText]) -> Iterator[Leftover]:
    found = list(tokens(stream.text))
    if not found:
        return
    elsewhere = {config.entry.scalar.start for config in configs}
    for document in stream.documents:
        resource = Resource(stream, document)
        spans = list(_spans(document.root))
        for token in found:
            if not document.start <= token.start < document.end:
                continue
            leaf = _leaf_at(spans, token)
            if leaf is not None and isinstance(leaf.node, Scalar) and leaf.node.start in elsewhere:
                continue
            if leaf is None or _is_comment_line(stream.text, token, leaf):
                yield Leftover(_line_place(resource, token), token, stream.text)
            else:
                yield Leftover(_leaf_place(resource, leaf), token, stream.text, _scalar(leaf))


def _in_config(config: ConfigText) -> Iterator[Leftover]:
    try:
        text = config.embedded.text
    except BadManifestError:
        return
    spans = list(_spans(config.root))
    for token in tokens(text):
        leaf = _leaf_at(spans, token)
        if leaf is None:
            place = config.entry.place
            line = text.count("\n", 0, token.start) + 1
            yield Leftover(Place(place.file, place.document, place.path, line), token, text, config=config)
        else:
            yield Leftover(config.place(leaf.path), token, text, _scalar(leaf), config)


def _spans(root: Node | None) -> Iterator[tuple[int, int, Leaf]]:
    for leaf in leaves(root):
        yield leaf.node.start, leaf.node.end, leaf
        if leaf.key is not None:
            yield leaf.key.start, leaf.key.end, leaf


def _leaf_at(spans: list[tuple[int, int, Leaf]], token: Token) -> Leaf | None:
    return next((leaf for start, end, leaf in spans if start <= token.start < end), None)


def _scalar(leaf: Leaf) -> Scalar | None:
    return leaf.node if isinstance(leaf.node, Scalar) else leaf.key


def _is_comment_line(text: str, token: Token, leaf: Leaf) -> bool:
    """Whether the token stands in a comment of a text that is not looked into, a log.config."""
    if not isinstance(leaf.node, Scalar) or leaf.node.style not in ("|", ">"):
        return False
    line = text[text.rfind("\n", 0, token.start) + 1 : token.start].lstrip()
    header = text.count("\n", leaf.node.start, token.start) == 0
    return header or line.startswith(("#", "//"))


def _line_place(resource: Resource, token: Token) -> Place:
    text = resource.stream.text
    return Place(resource.stream.file, _label(resource.document, resource), (), text.count("\n", 0, token.start) + 1)


def _label(document: Document, resource: Resource) -> str:
    return resource.label if document.root is not None else ""


def _leaf_place(resource: Resource, leaf: Leaf) -> Place:
    path = tuple(str(key) for key in leaf.path)
    return resource.place(*(path[1:] if path[:1] in ((DATA,), (STRING_DATA,)) and len(path) > 1 else path))
