"""A text taken apart into lines that know which key they belong to: what is merged by key, not by where it stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING, Final, TypeAlias

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.nodes import Mapping, Scalar, Sequence, text_at
from matrix_secrets.manifests.parse import parse
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from matrix_secrets.manifests.nodes import Document, Node, Stream

Label: TypeAlias = "tuple[Hashable, ...]"
"""What a line is called: the document, then the keys; list items by their name or value, else by number."""

_LITERAL: Final = "|"
_TEXT: Final = "# "  # begins the labels of comments and empty lines, behind that of the key they stand above
_ITEM: Final = "- "  # begins the part of a label that names a list's item


@dataclass(frozen=True, slots=True)
class Unit:
    """A key's line with all that continues it, or the comments above it, or a text that is no YAML.

    ``text`` has no line end behind it; ``depth`` counts the keys that lead to it.
    """

    label: Label = field(repr=False)
    text: str = field(repr=False)
    depth: int

    @property
    def is_text(self) -> bool:
        """Whether it is comments, empty lines, a document's mark, or a text that is no YAML: merged line by line."""
        return isinstance(self.label[-1], tuple) and self.label[-1][:1] == (_TEXT,)

    @property
    def in_list(self) -> bool:
        """Whether it begins an item of a list, whose order has a meaning."""
        return isinstance(self.label[-1], tuple) and self.label[-1][:1] == (_ITEM,)

    @property
    def path(self) -> tuple[str, ...]:
        """The keys that lead to it, for messages: items of lists, which may be values, are left out."""
        return tuple(part for part in self.label[1:] if isinstance(part, str))

    @property
    def parent(self) -> Label:
        """The label of the line that it stands under."""
        return self.label[:-1]


def units(text: str) -> list[Unit]:
    r"""Take a text apart; ``"\n".join`` of the units' texts is the text without its last line end.

    Raises BadManifestError where it does not parse.
    """
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    found: list[Unit] = []
    pending: list[str] = []  # comments and empty lines are called after the key below them
    for line, label in zip(lines, _Labels(text, len(lines)).all(), strict=True):
        if label is None:
            pending.append(line)
        elif found and found[-1].label == label and not pending:
            found[-1] = Unit(label, f"{found[-1].text}\n{line}", found[-1].depth)
        else:
            found += _above(label, pending)
            pending = []
            found.append(Unit(label, line, len(label)))
    seen: Counter[Label] = Counter()
    return [_numbered(unit, seen) for unit in (*found, *_above(("end",), pending))]


def _above(label: Label, lines: list[str]) -> list[Unit]:
    return [Unit((*label, (_TEXT,)), "\n".join(lines), len(label))] if lines else []


def _numbered(unit: Unit, seen: Counter[Label]) -> Unit:
    """Tell what is called the same apart by number."""
    number = seen[unit.label]
    seen[unit.label] += 1
    if not number:
        return unit
    last = unit.label[-1]
    again: Hashable = (*last, number) if isinstance(last, tuple) else (last, number)
    return Unit((*unit.label[:-1], again), unit.text, unit.depth)


class _Labels:
    """The label of each line of a text; None for a comment, an empty line, the mark of a document."""

    def __init__(self, text: str, count: int) -> None:
        self._text = text
        self._labels: list[Label | None] = [None] * count

    def all(self) -> list[Label | None]:
        stream = parse(self._text)
        names = _document_names(stream)
        for document, name in zip(stream.documents, names, strict=True):
            if document.root is not None:
                self._node(document.root, (name,))
        return self._labels

    def _line(self, offset: int) -> int:
        return self._text.count("\n", 0, offset)

    def _set(self, line: int, label: Label) -> None:
        if line < len(self._labels) and self._labels[line] is None:
            self._labels[line] = label

    def _node(self, node: Node, label: Label) -> None:
        match node:
            case Mapping(flow=False):
                for key, value in node.items:
                    own = (*label, key.value if isinstance(key, Scalar) else "?")
                    self._entry(key.start, value, own)
            case Sequence(flow=False):
                for item, name in zip(node.items, _item_names(node), strict=True):
                    self._entry(item.start, item, (*label, (_ITEM, *name)))
            case _:
                self._value(node.start, node, label)

    def _entry(self, start: int, value: Node, label: Label) -> None:
        self._set(self._line(start), label)
        match value:
            case Mapping(flow=False) | Sequence(flow=False):
                self._node(value, label)
            case _:
                self._value(start, value, label)

    def _value(self, start: int, value: Node, label: Label) -> None:
        """Label the lines that a value goes on over; those of an embedded file by its own keys."""
        first, last = self._line(start), self._line(max(value.end - 1, value.start))
        if isinstance(value, Scalar) and value.style == _LITERAL:
            header = self._line(value.start)
            for line in range(first, header + 1):
                self._set(line, label)
            inner = _inner_labels(value.value)
            for number, line in enumerate(range(header + 1, last + 1)):
                if number < len(inner):
                    self._set(line, (*label, *inner[number]))
            return
        for line in range(first, last + 1):
            self._set(line, label)


def _inner_labels(text: str) -> list[Label]:
    """Label the lines of an embedded text by its keys where it is YAML; of any other they are one."""
    try:
        return [unit.label for unit in units(text) for _ in range(unit.text.count("\n") + 1)]
    except (BadManifestError, RecursionError):
        return [((_TEXT,),)] * (text.count("\n") + 1)


def _document_names(stream: Stream) -> list[Hashable]:
    """Name documents by what they are; where two are called the same, by number."""
    names = [_document_name(document) for document in stream.documents]
    counted = Counter(names)
    return [name if name and counted[name] == 1 else number for number, name in enumerate(names)]


def _document_name(document: Document) -> tuple[str, ...]:
    root = document.root
    parts = [text_at(root, path) or "" for path in (("kind",), ("metadata", "namespace"), ("metadata", "name"))]
    return tuple(parts) if parts[0] and parts[2] else ()


def _item_names(node: Sequence) -> Iterator[Label]:
    """Name the items of a list: by their name, or what they are, if no two are called the same; else by number."""
    names = [item.value if isinstance(item, Scalar) else text_at(item, ("name",)) for item in node.items]
    counted = Counter(names)
    for number, name in enumerate(names):
        yield (name,) if name is not None and counted[name] == 1 else (number,)
