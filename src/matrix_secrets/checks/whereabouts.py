"""From an offset in a manifest's text to the place it belongs to: which key, or which comment."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from matrix_secrets.errors import Place
from matrix_secrets.manifests.nodes import Document, Mapping, Node, Path, Scalar, Sequence, Stream
from matrix_secrets.manifests.resources import DATA, STRING_DATA, Entry, Resource
from matrix_secrets.manifests.sourcemap import source_map
from matrix_secrets.records import dataclass
from matrix_secrets.stack.configtext import ConfigText, read_config

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an offset stands. ``entry`` is the (document, path) of the scalar that holds it, None in a comment."""

    place: Place
    line: int
    comment: bool
    entry: tuple[int, Path] | None = None


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    path: Path
    node: Scalar
    key: bool


class Whereabouts:
    """Answers for one stream; everything but the first answer costs a bisection."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._spans = {document.index: list(_scalars(document.root)) for document in stream.documents}
        self._inner: dict[tuple[int, Path], tuple[ConfigText, list[_Span]] | None] = {}

    def of(self, offset: int) -> Spot:
        """Where an offset of the text stands."""
        text = self._stream.text
        line = text.count("\n", 0, offset) + 1
        document = self._document(offset)
        if document is None:
            return Spot(Place(self._stream.file), line, comment=True)
        resource = Resource(self._stream, document)
        span = _covering(self._spans[document.index], offset)
        if span is None:
            return Spot(resource.place(), line, comment=True)
        place = resource.place(*_short(span.path))
        found = Spot(place, line, comment=False, entry=(document.index, span.path))
        return found if span.key else self._inside(resource, span, offset, found)

    def _document(self, offset: int) -> Document | None:
        documents = self._stream.documents
        return next((each for each in documents if offset < each.end), documents[-1] if documents else None)

    def _inside(self, resource: Resource, span: _Span, offset: int, found: Spot) -> Spot:
        """Look into a text of several lines: an embedded configuration, or else a script."""
        if "\n" not in span.node.value and span.node.style not in ("|", ">"):
            return found
        inner = self._configuration(resource, span)
        at = _value_offset(self._stream.text, span.node, offset)
        if inner is None or at is None:
            line_start = self._stream.text.rfind("\n", 0, offset) + 1
            comment = self._stream.text[line_start:offset].lstrip().startswith("#")
            return Spot(found.place, found.line, comment, found.entry)
        config, spans = inner
        under = _covering(spans, at)
        if under is None:
            return Spot(config.entry.place, found.line, comment=True, entry=found.entry)
        return Spot(config.place(under.path), found.line, comment=False, entry=found.entry)

    def _configuration(self, resource: Resource, span: _Span) -> tuple[ConfigText, list[_Span]] | None:
        key = (resource.document.index, span.path)
        if key not in self._inner:
            config = next((_config(entry) for entry in resource.entries() if entry.scalar is span.node), None)
            root = None if config is None else config.root
            self._inner[key] = None if config is None or root is None else (config, list(_scalars(root)))
        return self._inner[key]


def _config(entry: Entry) -> ConfigText | None:
    config = read_config(entry, None)
    return config if config.readable and not config.embedded.encoded else None


def _short(path: Path) -> tuple[str, ...]:
    """A path as places show it: without data: and stringData:, which say nothing to a reader."""
    keys = path[1:] if len(path) > 1 and path[0] in (DATA, STRING_DATA) else path
    return tuple(str(key) for key in keys)


def _covering(spans: list[_Span], offset: int) -> _Span | None:
    at = bisect_right(spans, offset, key=lambda span: span.start) - 1
    return spans[at] if at >= 0 and offset < spans[at].end else None


def _value_offset(text: str, scalar: Scalar, offset: int) -> int | None:
    runs = source_map(text, scalar).runs
    at = bisect_right(runs, offset, key=lambda run: run.source) - 1
    if at < 0 or offset >= runs[at].source + runs[at].length:
        return None
    return runs[at].start + offset - runs[at].source


def _scalars(root: Node | None) -> Iterator[_Span]:
    """Yield all scalars in source order, mapping keys included, with the path they belong to."""
    pending: list[tuple[Path, Node, bool]] = [] if root is None else [((), root, False)]
    while pending:
        path, node, key = pending.pop()
        match node:
            case Scalar():
                yield _Span(node.start, node.end, path, node, key)
            case Mapping():
                for name, value in reversed(node.items):
                    inner = (*path, name.value if isinstance(name, Scalar) else "?")
                    pending.extend([(inner, value, False), (inner, name, True)])
            case Sequence():
                pending.extend(((*path, index), item, False) for index, item in reversed(list(enumerate(node.items))))
            case _:
                pass
