"""Decode YAML into fields of known types as go-yaml v3 does (decode.go, resolve.go): that is how sops reads its rules.

Aliases and merge keys are resolved, unknown fields passed over, repeated keys refused. A null leaves a field unset.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from enum import Enum
from math import isfinite
from typing import TYPE_CHECKING, Final, TypeAlias

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.nodes import Alias, Document, Mapping, Node, Scalar, Sequence, Stream
from matrix_secrets.manifests.resolve import Kind as Resolved
from matrix_secrets.manifests.resolve import resolve
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
_STRING_TAGS: Final = ("tag:yaml.org,2002:str", "!")
# Of YAML 1.1, and understood, quoted or not, only where a truth value is meant.
_OLD_BOOLS: Final = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}


class Kind(Enum):
    """The types of single fields; TEXT_OR_LIST is Go's ``interface{}`` where a string or a list of them is meant."""

    TEXT = "a text"
    FLAG = "true or false"
    NUMBER = "a whole number"
    TEXT_OR_LIST = "a text or a list of texts"
    TEXTS_BY_NAME = "a mapping of texts"


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one type."""

    item: Shape


Shape: TypeAlias = "Kind | ListOf | MappingABC[str, Shape]"
Value: TypeAlias = "str | bool | int | NotText | list[Value] | dict[str, Value]"


class NotText(Enum):
    """Stands for what is no text where a text or a list of texts is meant: sops objects only once it is needed."""

    NOT_TEXT = 0


class _Unset(Enum):
    UNSET = 0


def decode_first(stream: Stream, shape: MappingABC[str, Shape]) -> dict[str, Value]:
    """Decode the first document of a stream (others are not looked at); an empty one gives no fields.

    Raises BadManifestError with the line of what has another type.
    """
    if not stream.documents or stream.documents[0].root is None:
        return {}
    decoder = _Decoder(stream, stream.documents[0])
    found = decoder.decode(stream.documents[0].root, shape, ())
    return found if isinstance(found, dict) else {}


def dealias(document: Document) -> dict[int, Node]:
    """Return what each alias of a document stands for, by the alias's offset. The last anchor before it counts."""
    anchors: dict[str, Node] = {}
    targets: dict[int, Node] = {}
    for node in _in_order(document.root):
        if isinstance(node, Alias):
            targets[node.start] = anchors[node.anchor]
        elif node.anchor is not None:
            anchors[node.anchor] = node
    return targets


def _in_order(root: Node | None) -> Iterator[Node]:
    pending = [] if root is None else [root]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, Mapping):
            pending.extend(part for pair in reversed(node.items) for part in reversed(pair))
        elif isinstance(node, Sequence):
            pending.extend(reversed(node.items))


class _Decoder:
    def __init__(self, stream: Stream, document: Document) -> None:
        self._stream = stream
        self._targets = dealias(document)
        self._open: set[int] = set()

    def _fail(self, node: Node, path: tuple[str, ...], message: str) -> BadManifestError:
        line = self._stream.text.count("\n", 0, node.start) + 1
        return BadManifestError(
            message,
            place=Place(self._stream.file, "", path, line),
            cause="sops does not read the file either",
            hint=f"correct that line of {self._stream.file}, then run the command again. Nothing was changed.",
        )

    def decode(self, node: Node, shape: Shape, path: tuple[str, ...]) -> Value | _Unset:  # noqa: PLR0911  a line a shape
        if isinstance(node, Alias):
            if node.start in self._open:
                raise self._fail(node, path, "an anchor that contains itself")
            self._open.add(node.start)
            found = self.decode(self._targets[node.start], shape, path)
            self._open.discard(node.start)
            return found
        self._refuse_tag(node, path)
        match shape, node:
            case (Kind(), Scalar()):
                return self._scalar(node, shape, path)
            case (_, Scalar()) if _is_null(node):
                return _Unset.UNSET
            case (ListOf(item=item), Sequence()):
                return self._list(node, item, path)
            case (Kind.TEXT_OR_LIST, Sequence()):
                each = self._each(node, Kind.TEXT_OR_LIST, path)
                return [one if isinstance(one, str) else NotText.NOT_TEXT for one in each]
            case (Kind.TEXT_OR_LIST, Mapping()):
                return NotText.NOT_TEXT
            case (Kind.TEXTS_BY_NAME, Mapping()):
                names = {key.value: Kind.TEXT for key, _ in node.items if isinstance(key, Scalar)}
                return self._fields(node, names, path)
            case (MappingABC(), Mapping()):
                return self._fields(node, shape, path)
            case _:
                raise self._fail(node, path, f"is not {_name(shape)}")

    def _each(self, node: Sequence, item: Shape, path: tuple[str, ...]) -> Iterator[Value | _Unset]:
        for number, one in enumerate(node.items, 1):
            yield self.decode(one, item, (*path, str(number)))

    def _list(self, node: Sequence, item: Shape, path: tuple[str, ...]) -> Value:
        return [one for one in self._each(node, item, path) if not isinstance(one, _Unset)]

    def _refuse_tag(self, node: Scalar | Mapping | Sequence, path: tuple[str, ...]) -> None:
        if node.tag is None or (isinstance(node, Scalar) and node.tag in _STRING_TAGS):
            return
        raise self._fail(node, path, "carries a YAML tag, which is not understood here")

    def _scalar(self, node: Scalar, kind: Kind, path: tuple[str, ...]) -> Value | _Unset:  # noqa: PLR0911  a line a kind
        if _is_null(node):
            return _Unset.UNSET
        value = node.value
        found = Resolved.STR if node.style or node.tag else resolve(value).kind
        match kind:
            case Kind.TEXT:
                return value
            case Kind.TEXT_OR_LIST:
                return value if found is Resolved.STR else NotText.NOT_TEXT
            case Kind.FLAG if found is Resolved.BOOL:
                return resolve(value).text == "True"
            case Kind.FLAG if value in _OLD_BOOLS:
                return _OLD_BOOLS[value]
            case Kind.NUMBER if found is Resolved.INT:
                return int(resolve(value).text)
            case Kind.NUMBER if found is Resolved.FLOAT and isfinite(number := float(resolve(value).text)):
                return int(number)
            case _:
                raise self._fail(node, path, f"is not {kind.value}")

    def _fields(self, node: Mapping, shape: MappingABC[str, Shape], path: tuple[str, ...]) -> dict[str, Value]:
        """Return the fields of a mapping: its own first, then those it merges in, the first of which counts."""
        found: dict[str, Value] = {}
        self._collect(node, shape, path, found, set())
        return found

    def _collect(
        self,
        node: Mapping,
        shape: MappingABC[str, Shape],
        path: tuple[str, ...],
        found: dict[str, Value],
        seen: set[str],
    ) -> None:
        self._refuse_repeated(node, path)
        merged: list[Node] = []
        for key, value in node.items:
            if not isinstance(self._target(key), Scalar):
                raise self._fail(key, path, "has a key that is not a text")
            name = self._name_of(key)
            if isinstance(key, Scalar) and name == "<<" and not key.style and key.tag is None:
                merged.append(value)
                continue
            if name is None or name in seen:
                continue
            seen.add(name)
            if name in shape:
                one = self.decode(value, shape[name], (*path, name))
                if not isinstance(one, _Unset):
                    found[name] = one
        for value in merged:
            parts = value.items if isinstance(value, Sequence) else (value,)
            for part in parts:
                target = self._target(part)
                if not isinstance(target, Mapping) or target.start in self._open:
                    raise self._fail(part, path, "merges (<<) something that is not a mapping")
                self._open.add(target.start)
                self._collect(target, shape, path, found, seen)
                self._open.discard(target.start)

    def _target(self, node: Node) -> Node:
        return self._targets[node.start] if isinstance(node, Alias) else node

    def _name_of(self, key: Node) -> str | None:
        target = self._target(key)
        return target.value if isinstance(target, Scalar) and not _is_null(target) else None

    def _refuse_repeated(self, node: Mapping, path: tuple[str, ...]) -> None:
        names: set[tuple[bool, str]] = set()
        for key, _ in node.items:
            alias = isinstance(key, Alias)
            name = (alias, key.anchor if isinstance(key, Alias) else getattr(key, "value", ""))
            if name in names:
                raise self._fail(key, path, "stands there twice")
            names.add(name)


def _name(shape: Shape) -> str:
    match shape:
        case Kind():
            return shape.value
        case ListOf():
            return "a list"
        case _:
            return "a mapping"


def _is_null(node: Scalar) -> bool:
    return not node.style and node.tag is None and resolve(node.value).kind is Resolved.NULL
