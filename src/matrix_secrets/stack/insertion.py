"""Adding a key to a mapping in the text, in the file's own indentation."""

from __future__ import annotations

import re
from typing import Final

from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Mapping, Node, Scalar, Sequence
from matrix_secrets.manifests.render import is_plain_string, quoted

_LINE_END: Final = re.compile(r"[^\r\n]*")


def insert_key(text: str, mapping: Mapping, key: str, value: str, *, newline: str, after: str | None = None) -> Edit:
    """Make the edit that adds ``key: value`` to a mapping: behind the key ``after``, else as its last.

    ``value`` is spelled already; a block below its key begins with ``newline``.
    """
    name = _key(key, json=mapping.flow and _is_json(text, mapping))
    spelled = f"{name}:{value}" if value.startswith(newline) else f"{name}: {value}"
    if mapping.flow:
        return _insert_flow(mapping, spelled)
    indent = indent_of(text, mapping)
    neighbour = _value_of(mapping, after)
    last = neighbour is mapping.items[-1][1]
    return insert_below(text, neighbour, indent, spelled, newline=newline, last=last)


def insert_below(text: str, node: Node, indent: str, spelled: str, *, newline: str, last: bool) -> Edit:
    """Make the edit that puts lines below a node; ``last``: below the comments that still belong to it, too."""
    position = line_end(text, content_end(node))
    if last:
        position = _behind_comments(text, position, deeper_than=len(indent))
    if position > 0 and text[position - 1] == "\n":  # behind a block scalar, whose span has its line end in it
        return Edit(position, position, f"{indent}{spelled}{newline}")
    return Edit(position, position, f"{newline}{indent}{spelled}")


def indent_of(text: str, mapping: Mapping) -> str:
    """Return the indentation of a block mapping's keys; inside a list item the dash counts as a space."""
    first = mapping.items[0][0] if mapping.items else mapping
    line_start = max(text.rfind("\n", 0, first.start), text.rfind("\ufeff", 0, first.start)) + 1
    return " " * (first.start - line_start)


def line_end(text: str, position: int) -> int:
    """Return the end of the line that a position is in; a position behind a line end is one itself."""
    if position > 0 and text[position - 1] == "\n":
        return position
    found = _LINE_END.match(text, position)
    return position if found is None else found.end()


def _behind_comments(text: str, position: int, *, deeper_than: int) -> int:
    """Step over comments that stand inside the value which ends at ``position``: they stay with it."""
    at_line_start = position > 0 and text[position - 1] == "\n"
    lead = "" if at_line_start else r"\r?\n"
    found = re.compile(rf"(?:{lead}(?:[ \t]*\r?\n)* {{{deeper_than + 1},}}#[^\r\n]*)").match(text, position)
    return position if found is None else _behind_comments(text, found.end(), deeper_than=deeper_than)


def _insert_flow(mapping: Mapping, spelled: str) -> Edit:
    if not mapping.items:
        return Edit(mapping.start + 1, mapping.start + 1, spelled)
    last = mapping.items[-1][1]
    return Edit(last.end, last.end, f", {spelled}")


def _value_of(mapping: Mapping, after: str | None) -> Node:
    for key, value in mapping.items:
        if isinstance(key, Scalar) and key.value == after:
            return value
    return mapping.items[-1][1]


def content_end(node: Node) -> int:
    """Return where the text of a node ends: for a block collection where its last leaf does."""
    while isinstance(node, Mapping | Sequence) and not node.flow:
        node = node.items[-1][1] if isinstance(node, Mapping) else node.items[-1]
    return node.end


def _key(key: str, *, json: bool) -> str:
    return quoted(key) if json or not is_plain_string(key) else key


def _is_json(text: str, mapping: Mapping) -> bool:
    return not mapping.items or text[mapping.items[0][0].start] == '"'
