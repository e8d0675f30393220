"""The values of a file in the order and with the paths that sops gives them, where comments do not matter.

Source: sops 3.13.3, stores/yaml/store.go (appendYamlNodeToTreeBranch, nodeToTreeValue) and sops.go (walkBranch,
walkSlice, shouldBeEncrypted). Indexes of lists are no part of a path there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from matrix_secrets.manifests.nodes import Alias, Mapping, Scalar, Sequence
from matrix_secrets.manifests.resolve import Kind
from matrix_secrets.sops.metadata import KEY
from matrix_secrets.sops.treeitems import Leaf, endless_alias, key_name, no_mapping, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.manifests.comments import Attached
    from matrix_secrets.manifests.nodes import Document, Node, Path, Stream
    from matrix_secrets.sops.selectors import Selection
    from matrix_secrets.sops.treeitems import Item

__all__ = ["Leaf", "walk"]

_MOST_EXPANDED: Final = 100_000


def walk(
    stream: Stream, selection: Selection, attached: Attached | None = None, *, only_encrypted: bool = False
) -> Iterator[Item]:
    """Yield values, and with ``attached`` comments too, in sops's order. Aliases are followed, as sops does.

    ``only_encrypted`` leaves out values that stay plain. Raises BadManifestError for what sops does not read.
    """
    for document in stream.documents:
        comments = attached.documents[document.index] if attached is not None else None
        if attached is not None and comments is not None:
            from matrix_secrets.sops.commentwalk import CommentWalk  # noqa: PLC0415  (most files do without)

            yield from CommentWalk(stream, selection, attached, comments, document).items()
            continue
        root = document.root
        if isinstance(root, Mapping):
            yield from _values(stream, document, root, selection, only_encrypted=only_encrypted)
        elif root is not None and not (isinstance(root, Scalar) and value_of(root).kind is Kind.NULL):
            raise no_mapping(stream, document.index)


_Task: TypeAlias = "tuple[Node, Path, str, bool, bool, int, Alias | None]"
"""A node with its place, prefix of the path, hit of the selector, flow, owner and alias (`Leaf` explains them)."""


def _values(
    stream: Stream, document: Document, root: Mapping, selection: Selection, *, only_encrypted: bool
) -> Iterator[Leaf]:
    plain_hit, expanded = selection.names_plain, 0
    anchors: dict[str, Node] = {}
    tasks: list[_Task] = [(root, (), "", False, False, 0, None)]
    while tasks:
        task = tasks.pop()
        node, place, prefix, hit, flow, owner, via = task
        if isinstance(node, Alias):
            target = anchors.get(node.anchor)
            expanded += 1
            if target is None or target.start <= node.start < target.end or expanded > _MOST_EXPANDED:
                raise endless_alias(stream, document.index, place, node.start)
            tasks.append((target, place, prefix, hit, flow, owner, via or node))
            continue
        if node.anchor is not None:
            anchors[node.anchor] = node
        if isinstance(node, Mapping):
            tasks += reversed(_entries(stream, document, node, task, selection, anchors))
        elif isinstance(node, Sequence):
            items = reversed(list(enumerate(node.items)))
            tasks += [(item, (*place, at), prefix, hit, node.flow, node.start, via) for at, item in items]
        elif (encrypted := hit is not plain_hit) or not only_encrypted:
            yield Leaf(document.index, place, prefix or ":", node, encrypted, flow, owner, via)


def _entries(
    stream: Stream, document: Document, node: Mapping, task: _Task, selection: Selection, anchors: dict[str, Node]
) -> list[_Task]:
    _, place, prefix, hit, _, _, via = task
    decides = not selection.by_comment
    entries: list[_Task] = []
    for key, value in node.items:
        name = key_name(stream, document.index, place, key)
        if isinstance(key, Scalar) and key.anchor is not None:
            anchors[key.anchor] = key
        if name != KEY or place:
            below = hit or (decides and selection.hits(name))
            entries.append((value, (*place, name), f"{prefix}{name}:", below, node.flow, key.start, via))
    return entries
