"""Annotations of a workload's pod template, set and removed in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests import nodes
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Scalar, find
from matrix_secrets.manifests.render import quoted
from matrix_secrets.stack.insertion import indent_of, insert_key
from matrix_secrets.stack.removal import removal
from matrix_secrets.stack.rewriting import replace_scalar
from matrix_secrets.stack.values import is_null

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from matrix_secrets.stack.workloads import Workload

TEMPLATE_ANNOTATIONS: Final = ("spec", "template", "metadata", "annotations")


def set_annotations(workload: Workload, wanted: Mapping[str, str | None]) -> list[Edit]:
    """Make the edits that give the pod template these annotations; None removes one.

    Raises BadManifestError where the template's metadata is not a mapping.
    """
    text, root = workload.resource.stream.text, workload.resource.root
    present = find(root, TEMPLATE_ANNOTATIONS)
    if not isinstance(present, nodes.Mapping):
        return _new_mapping(workload, {name: value for name, value in wanted.items() if value is not None})
    pairs = {key.value: (key, value) for key, value in present.items if isinstance(key, Scalar)}
    edits: list[Edit] = []
    added = [(name, value) for name, value in wanted.items() if value is not None and name not in pairs]
    removed = [name for name, value in wanted.items() if value is None and name in pairs]
    for name, value in wanted.items():
        if value is not None and name in pairs:
            edits.append(_replaced(text, pairs[name][1], value, workload))
    # One annotation that takes the place of another keeps its line.
    for (name, value), old in zip(added, removed, strict=False):
        key, node = pairs[old]
        edits.extend((Edit(key.start, key.end, _key(present, name)), _replaced(text, node, value, workload)))
    newline = workload.resource.stream.newline
    both = min(len(added), len(removed))
    edits.extend(insert_key(text, present, name, quoted(value), newline=newline) for name, value in added[both:])
    edits.extend(removal(text, present, name) for name in removed[both:])
    return edits


def _replaced(text: str, node: nodes.Node, value: str, workload: Workload) -> Edit:
    if not isinstance(node, Scalar):
        raise _unclear(workload)
    return replace_scalar(text, node, quoted(value))


def _new_mapping(workload: Workload, wanted: Mapping[str, str]) -> list[Edit]:
    """Make the edits for ``annotations:``, or ``metadata:`` and ``annotations:``, in the template."""
    if not wanted:
        return []
    root, stream = workload.resource.root, workload.resource.stream
    path: tuple[str, ...] = TEMPLATE_ANNOTATIONS
    while path:
        node, parent = find(root, path), find(root, path[:-1])
        if isinstance(parent, nodes.Mapping) and (parent.items or parent.flow):
            missing = TEMPLATE_ANNOTATIONS[len(path) :]
            step = indent_of(stream.text, parent) if not parent.flow else ""
            spelled = _spelled(missing, wanted, None if parent.flow else step, stream.newline)
            if isinstance(node, Scalar) and is_null(node):
                return [Edit(node.start, node.end, spelled if spelled.startswith(stream.newline) else f" {spelled}")]
            if node is None:
                return [insert_key(stream.text, parent, path[-1], spelled, newline=stream.newline)]
        if (
            node is not None
            and not isinstance(node, nodes.Mapping)
            and not (isinstance(node, Scalar) and is_null(node))
        ):
            break
        path = path[:-1]
    raise _unclear(workload)


def _spelled(missing: tuple[str, ...], wanted: Mapping[str, str], indent: str | None, newline: str) -> str:
    if indent is None:
        inner = ", ".join(f"{quoted(name)}: {quoted(value)}" for name, value in wanted.items())
        for key in reversed(missing):
            inner = f"{key}: {{{inner}}}"
        return f"{{{inner}}}"
    lines = list(_lines(missing, wanted, indent + "  "))
    return "".join(newline + line for line in lines)


def _lines(missing: tuple[str, ...], wanted: Mapping[str, str], indent: str) -> Iterator[str]:
    for key in missing:
        yield f"{indent}{key}:"
        indent += "  "
    for name, value in wanted.items():
        yield f"{indent}{name}: {quoted(value)}"


def _key(mapping: nodes.Mapping, name: str) -> str:
    return quoted(name) if mapping.flow else name


def _unclear(workload: Workload) -> BadManifestError:
    place = workload.resource.place(*TEMPLATE_ANNOTATIONS)
    return BadManifestError(
        "is not a mapping of names to texts",
        place=place,
        hint=f"write it as a mapping in {place.file}. Nothing was changed.",
    )
