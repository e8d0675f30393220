"""The YAML tree with the position of every node in the source text.

Nodes are named tuples: there are thousands, and a frozen dataclass takes three times as long to make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

Path: TypeAlias = "tuple[str | int, ...]"


class Scalar(NamedTuple):
    """A scalar: ``text[start:end]`` is its own spelling, quotes or block header included, properties excluded.

    ``node_start`` is where its anchor or tag begins (``start`` without them). ``style`` is ``""`` (plain), ``'``,
    ``"``, ``|`` or ``>``. Offsets count characters of the text.
    """

    start: int
    end: int
    value: str
    style: str
    node_start: int
    anchor: str | None = None
    tag: str | None = None


class Alias(NamedTuple):
    """A reference to an anchor."""

    start: int
    end: int
    anchor: str


class Mapping(NamedTuple):
    """A mapping, block or flow; ``items`` in source order, duplicates included."""

    start: int
    end: int
    flow: bool
    items: tuple[tuple[Node, Node], ...]
    anchor: str | None = None
    tag: str | None = None


class Sequence(NamedTuple):
    """A sequence, block or flow."""

    start: int
    end: int
    flow: bool
    items: tuple[Node, ...]
    anchor: str | None = None
    tag: str | None = None


Node: TypeAlias = Scalar | Alias | Mapping | Sequence


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream.

    ``text[start:end]`` is its part of the file, the comment header and ``---`` before it included, a ``...``
    after it excluded. ``content_start`` is behind the ``---`` (``start`` without one). ``root`` is None for an
    empty document.
    """

    index: int
    start: int
    content_start: int
    end: int
    root: Node | None
    explicit_end: bool = False


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Stream:
    """A parsed file. ``bom`` tells of a byte order mark, which is the first character of ``text``."""

    file: str
    text: str
    documents: tuple[Document, ...]

    @property
    def newline(self) -> str:
        """The line end of the file: that of its first line."""
        position = self.text.find("\n")
        return "\r\n" if position > 0 and self.text[position - 1] == "\r" else "\n"


class Leaf(NamedTuple):
    """A scalar or alias with the path of keys and list indexes that leads to it, and its key node, if any."""

    path: Path
    node: Scalar | Alias
    key: Scalar | None
    flow: bool


def leaves(root: Node | None) -> Iterator[Leaf]:
    """Yield the leaves below a node in source order. Keys that are no scalars are passed over."""
    if root is None:
        return
    pending: list[tuple[Path, Node, Scalar | None, bool]] = [((), root, None, False)]
    while pending:
        path, node, key, flow = pending.pop()
        match node:
            case Scalar() | Alias():
                yield Leaf(path, node, key, flow)
            case Mapping():
                pending.extend(
                    ((*path, name.value), value, name, node.flow)
                    for name, value in reversed(node.items)
                    if isinstance(name, Scalar)
                )
            case Sequence():
                pending.extend(
                    ((*path, index), item, None, node.flow) for index, item in reversed(list(enumerate(node.items)))
                )


def child(node: Node | None, key: str | int) -> Node | None:
    """Return the value under a key or index, None where there is none. The first of duplicate keys counts."""
    match node:
        case Mapping():
            for name, value in node.items:
                if isinstance(name, Scalar) and name.value == key:
                    return value
        case Sequence() if isinstance(key, int) and 0 <= key < len(node.items):
            return node.items[key]
        case _:
            pass
    return None


def find(node: Node | None, path: Path) -> Node | None:
    """Return the node at a path, None where there is none."""
    for key in path:
        node = child(node, key)
    return node


def scalar_at(node: Node | None, path: Path) -> Scalar | None:
    """Return the scalar at a path, None where there is none or something else."""
    found = find(node, path)
    return found if isinstance(found, Scalar) else None


def text_at(node: Node | None, path: Path) -> str | None:
    """Return the text of the scalar at a path, None where there is none."""
    found = scalar_at(node, path)
    return None if found is None else found.value
