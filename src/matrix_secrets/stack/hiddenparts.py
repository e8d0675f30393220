"""Parts of a stack that stand where they are neither filled in nor encrypted: refused, not passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.nodes import Mapping, Node, Scalar, Sequence, child, text_at
from matrix_secrets.manifests.resources import DATA, STRING_DATA

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from matrix_secrets.manifests.resources import Resource

BINARY_DATA: Final = "binaryData"


def refuse_hidden_parts(resource: Resource, secret_keys: AbstractSet[str], config_key: str) -> None:
    """Raise BadManifestError for a ``List`` with a part of a stack in it, and for one under ``binaryData:``."""
    if config_key in keys_under(resource.root, BINARY_DATA):
        raise BadManifestError(
            "stands under binaryData:, where nothing is filled in or encrypted",
            place=resource.place(BINARY_DATA, config_key),
            hint="move it, as text, to data:. Nothing was changed.",
        )
    items = child(resource.root, "items") if resource.kind.endswith("List") else None
    for number, item in enumerate(items.items if isinstance(items, Sequence) else ()):
        if keys_under(item, DATA, STRING_DATA, BINARY_DATA) & {*secret_keys, config_key}:
            name = f"{text_at(item, ('kind',)) or '?'}/{text_at(item, ('metadata', 'name')) or '?'}"
            raise BadManifestError(
                f"{name} stands in a List, which is not looked into",
                place=resource.place("items", str(number)),
                hint="make each resource of the List a document of its own, with --- between. Nothing was changed.",
            )


def keys_under(root: Node | None, *fields: str) -> frozenset[str]:
    """Return the keys of the mappings under some keys of a resource."""
    nodes = (child(root, field) for field in fields)
    return frozenset(
        key.value for node in nodes if isinstance(node, Mapping) for key, _ in node.items if isinstance(key, Scalar)
    )
