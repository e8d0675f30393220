"""A YAML file of our own read field by field: what does not fit is told with its line and key."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.nodes import Mapping, Node, Scalar, Sequence, child
from matrix_secrets.records import dataclass
from matrix_secrets.stack.values import is_null

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as SequenceType


@dataclass(frozen=True, slots=True)
class Field:
    """A node of the file. ``path`` is what the user reads: ``secrets › 2 › length``, items counted from 1."""

    source: str = field(repr=False)
    file: str
    path: tuple[str, ...]
    node: Node | None = field(repr=False)
    parent: Node | None = field(repr=False, default=None)

    @property
    def place(self) -> Place:
        """Where it stands; where it is missing, where it should."""
        node = self.node or self.parent
        line = None if node is None else self.source.count("\n", 0, node.start) + 1
        return Place(self.file, "", self.path, line)

    @property
    def empty(self) -> bool:
        """Whether nothing stands there."""
        return self.node is None or (isinstance(self.node, Scalar) and is_null(self.node))

    def error(self, what: str, advice: str) -> BadManifestError:
        """Make the error that names the place. Values are not quoted: one may have been pasted here by mistake."""
        return BadManifestError(what, place=self.place, hint=f"{advice}. Nothing was changed.")

    def has(self, key: str) -> bool:
        """Whether a key is there."""
        return child(self._mapping(), key) is not None

    def get(self, key: str) -> Field:
        """Return the field under a key; one without a node where it is missing."""
        mapping = self._mapping()
        return Field(self.source, self.file, (*self.path, key), child(mapping, key), mapping)

    def items(self, key: str) -> Iterator[Field]:
        """Yield the items of the list under a key. Raises BadManifestError where there is no list."""
        found = self.get(key)
        if not isinstance(found.node, Sequence):
            raise found.error(
                "is missing" if found.node is None else "is no list", f"write {key}: with a - before each"
            )
        for number, node in enumerate(found.node.items, 1):
            yield Field(self.source, self.file, (*found.path, str(number)), node)

    def text(self) -> str:
        """Return the text. Raises BadManifestError where there is none."""
        if self.node is not None and not isinstance(self.node, Scalar):
            raise self.error("is not one value", f"write {self.path[-1]}: with one value behind it")
        if self.empty or not isinstance(self.node, Scalar):
            raise self.error("is missing", f"add {self.path[-1]}: to this entry")
        return self.node.value

    def one_of(self, allowed: SequenceType[str]) -> str:
        """Return the text. Raises BadManifestError where it is none of those."""
        text = self.text()
        if text not in allowed:
            raise self.error(f"is none of: {', '.join(allowed)}", "write one of them")
        return text

    def keys(self) -> tuple[str, ...]:
        """Return a path: keys with dots between, or a list of them, where a key has a dot in it."""
        if isinstance(self.node, Sequence):
            return tuple(Field(self.source, self.file, self.path, item).text() for item in self.node.items)
        keys = tuple(self.text().split("."))
        if "" in keys:
            raise self.error("is no path", "write the keys with one dot between: appservice.as_token")
        return keys

    def refuse_other_keys(self, known: SequenceType[str]) -> None:
        """Raise BadManifestError for a key that means nothing here, or that stands twice."""
        seen: set[str] = set()
        for key, value in self._mapping().items:
            name = key.value if isinstance(key, Scalar) else "?"
            here = Field(self.source, self.file, (*self.path, name), key, value)
            if name not in known:
                import difflib  # noqa: PLC0415  only for a mistake

                close = difflib.get_close_matches(name, known, n=1)
                advice = f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}"
                raise here.error("is not known here", advice.rstrip("?"))
            if name in seen:
                raise here.error("stands twice", "delete one of the two")
            seen.add(name)

    def _mapping(self) -> Mapping:
        if not isinstance(self.node, Mapping):
            raise self.error("is not a mapping of keys to values", "write it as key: value")
        return self.node
