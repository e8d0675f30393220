"""One patch more in a list of patches, in the style of the file that holds the list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Mapping, Node, Scalar, Sequence, find
from matrix_secrets.manifests.render import quoted
from matrix_secrets.stack.insertion import content_end, indent_of, insert_key, line_end
from matrix_secrets.stack.values import is_null

if TYPE_CHECKING:
    from collections.abc import Mapping as Dict

    from matrix_secrets.stack.patches import PatchList

_STEP: Final = "  "
_DASH_BEFORE: Final = re.compile(r"^([ \t]*)-[ \t]", re.MULTILINE)


def appended(found: PatchList, patch: str, target: Dict[str, str] | None) -> Edit:
    """Make the edit that adds a patch (lines that end with a line feed) as the last one of a list.

    The list, and what leads to it, is made where it is not there. Raises BadManifestError where something else is.
    """
    resource = found.resource
    text, newline = resource.stream.text, resource.stream.newline
    node = find(resource.root, found.path)
    if isinstance(node, Sequence) and node.items:
        if node.flow:
            last = node.items[-1]
            return Edit(last.end, last.end, f", {_flow(patch, target)}")
        end = line_end(text, content_end(node))
        lines = newline.join(_lines(patch, target, _dash(text, node.items[-1])))
        if end > 0 and text[end - 1] == "\n":
            return Edit(end, end, lines + newline)
        return Edit(end, end, newline + lines)
    return _new_list(found, patch, target)


def _new_list(found: PatchList, patch: str, target: Dict[str, str] | None) -> Edit:
    resource, path = found.resource, tuple(map(str, found.path))
    text, newline = resource.stream.text, resource.stream.newline
    for length in range(len(path) - 1, -1, -1):
        parent, key, below = find(resource.root, path[:length]), path[length], path[length + 1 :]
        if not isinstance(parent, Mapping) or not (parent.items or parent.flow):
            continue
        node = find(parent, (key,))
        if parent.flow:
            value = f"[{_flow(patch, target)}]"
            for name in reversed(below):
                value = f"{{{quoted(name)}: {value}}}"
        else:
            indent = indent_of(text, parent)
            dashes = indent + _STEP * len(below) + ("" if below else _dash_indent(resource.root, text))
            names = [f"{indent}{_STEP * (depth + 1)}{name}:" for depth, name in enumerate(below)]
            value = "".join(newline + line for line in [*names, *_lines(patch, target, dashes)])
        if node is None:
            return insert_key(text, parent, key, value, newline=newline)
        if _is_empty(node):
            start = node.start
            while text[start - 1] in " \t":
                start -= 1
            return Edit(start, node.end, value if value.startswith(newline) else f" {value}")
        break
    place = found.place
    raise BadManifestError(
        "is not a list of patches", place=place, hint=f"write it as a list in {place.file}. Nothing was changed."
    )


def _is_empty(node: Node) -> bool:
    return (isinstance(node, Scalar) and is_null(node)) or (isinstance(node, Sequence) and not node.items)


def _lines(patch: str, target: Dict[str, str] | None, indent: str) -> list[str]:
    body = [f"{indent}    {line}" if line else "" for line in patch.removesuffix("\n").split("\n")]
    lines = [f"{indent}- patch: |", *body]
    if target is not None:
        lines += [f"{indent}  target:", *(f"{indent}    {key}: {value}" for key, value in target.items())]
    return lines


def _flow(patch: str, target: Dict[str, str] | None) -> str:
    fields = [f'"patch": {quoted(patch)}']
    if target is not None:
        inner = ", ".join(f"{quoted(key)}: {quoted(value)}" for key, value in target.items())
        fields.append(f'"target": {{{inner}}}')
    return "{" + ", ".join(fields) + "}"


def _dash(text: str, item: Node) -> str:
    """Return the indentation of an item's dash."""
    start = text.rfind("\n", 0, item.start) + 1
    found = _DASH_BEFORE.match(text, start)
    return "" if found is None else found[1]


def _dash_indent(root: Node | None, text: str) -> str:
    """Return how far the file's other lists stand to the right of their keys: as Flux writes it, not at all."""
    pairs = root.items if isinstance(root, Mapping) else ()
    for _, value in pairs:
        if isinstance(value, Sequence) and value.items and not value.flow:
            return _dash(text, value.items[0])
    return ""
