"""Taking a key out of a mapping in the text; the comment behind it stays, on a line of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from typing import TypeAlias

    Pair: TypeAlias = "tuple[Scalar, Node]"


def pair_of(mapping: Node | None, name: str) -> Pair | None:
    """Return a key and its value; of duplicates the first."""
    for key, value in mapping.items if isinstance(mapping, Mapping) else ():
        if isinstance(key, Scalar) and key.value == name:
            return key, value
    return None


def removal(text: str, mapping: Mapping, name: str) -> Edit:
    """Make the edit that takes a key out of a mapping; the last one leaves ``{}``. Raises KeyError without the key."""
    names = [key.value if isinstance(key, Scalar) else None for key, _ in mapping.items]
    if name not in names:
        raise KeyError(name)
    index = names.index(name)
    key, value = mapping.items[index]
    following = mapping.items[index + 1][0] if index + 1 < len(mapping.items) else None
    if mapping.flow:
        if index > 0:
            return Edit(mapping.items[index - 1][1].end, value.end, "")
        return Edit(key.start, value.end if following is None else following.start, "")
    end = _end(value)
    if len(mapping.items) == 1:
        return Edit(key.start, end, "{}\n" if text[end - 1 : end] == "\n" else "{}")
    start = text.rfind("\n", 0, key.start) + 1
    if text[start : key.start].strip() and following is not None:  # "- key: value": the dash stays
        return Edit(key.start, following.start, "")
    return _lines(text, start, key.start, end)


def _lines(text: str, start: int, key: int, end: int) -> Edit:
    if text[end - 1 : end] == "\n":  # a block scalar, whose span has its line end in it
        return Edit(start, end, "")
    line_end = text.find("\n", end)
    rest = text[end : line_end if line_end >= 0 else len(text)]
    if rest.lstrip().startswith("#"):
        return Edit(key, end + len(rest) - len(rest.lstrip()), "")
    if line_end < 0:  # the last line of a text without a line end: the one before ends it
        return Edit(max(start - 1, 0), len(text), "")
    return Edit(start, line_end + 1, "")


def _end(node: Node) -> int:
    """Where the text of a node ends: for a block collection where its last leaf does."""
    while isinstance(node, Mapping | Sequence) and not node.flow:
        node = node.items[-1][1] if isinstance(node, Mapping) else node.items[-1]
    return node.end
