"""What the pods of a workload consume, to the byte: the input of the digests."""

from __future__ import annotations

import base64
import binascii
from dataclasses import field
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.nodes import Mapping, Scalar, Stream, child
from matrix_secrets.manifests.resources import DATA, STRING_DATA, Resource, is_ciphertext, resources
from matrix_secrets.records import dataclass
from matrix_secrets.stack.workloads import same_namespace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from matrix_secrets.stack.workloads import Reference, Workload

DIGEST_KEY: Final = "MATRIX_SECRETS_DIGEST_KEY"
_BINARY_DATA: Final = "binaryData"
_CONSUMED: Final = frozenset({"ConfigMap", "Secret"})


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One key that a pod consumes."""

    kind: str
    namespace: str
    name: str
    key: str
    content: bytes = field(repr=False)

    def framed(self) -> bytes:
        """Return the item as bytes that no other item has: each field behind its length."""
        fields = (self.kind.encode(), self.namespace.encode(), self.name.encode(), self.key.encode(), self.content)
        return b"".join(len(each).to_bytes(8, "big") + each for each in fields)


@dataclass(frozen=True, slots=True)
class Consumed:
    """The items of a workload, sorted. ``complete`` is False where some could not be read: no digest can be made."""

    plain: tuple[Item, ...]
    secret: tuple[Item, ...]
    complete: bool = True


def consumed(workload: Workload, streams: Sequence[Stream], encrypted: Collection[str]) -> Consumed:
    """Gather what a workload's pods consume from the resources in ``streams``.

    Secrets are secret, and so is all that stands in the files ``encrypted``: in the guide's layout homeserver.yaml.
    """
    plain: set[Item] = set()
    secret: set[Item] = set()
    complete = True
    references, namespace = workload.references(), workload.resource.namespace
    for stream in streams:
        for resource in resources(stream):
            wanted = _wanted(resource, namespace, references)
            if wanted is None:
                continue
            target = secret if resource.kind == "Secret" or stream.file in encrypted else plain
            for item in _items(resource):
                if item is None:
                    complete = False
                elif item.key != DIGEST_KEY and (not wanted or item.key in wanted):
                    target.add(item)
    return Consumed(tuple(sorted(plain)), tuple(sorted(secret)), complete)


def _wanted(resource: Resource, namespace: str, references: frozenset[Reference]) -> frozenset[str] | None:
    """Return the keys of a resource that are consumed, empty for all of them; None where it is not consumed."""
    kind = resource.kind
    if kind not in _CONSUMED:
        return None
    name = resource.name
    found = [each.key for each in references if (each.kind, each.name) == (kind, name)]
    if not found or not same_namespace(resource.namespace, namespace):
        return None
    return frozenset() if None in found else frozenset(key for key in found if key is not None)


def _items(resource: Resource) -> Iterator[Item | None]:
    """Yield the contents of a ConfigMap or Secret as Kubernetes has them; None for one that cannot be read."""
    contents: dict[str, bytes | None] = {}
    encoded = (DATA,) if resource.kind == "Secret" else (_BINARY_DATA,)
    for name in (DATA, _BINARY_DATA, STRING_DATA):  # in this order: stringData: overrides data:
        node = child(resource.root, name)
        for key, value in node.items if isinstance(node, Mapping) else ():
            if isinstance(key, Scalar):
                readable = isinstance(value, Scalar) and not is_ciphertext(value.value)
                text = value.value if isinstance(value, Scalar) and readable else None
                contents[key.value] = _bytes(text, encoded=name in encoded)
    for key_name, content in contents.items():
        yield None if content is None else Item(resource.kind, resource.namespace, resource.name, key_name, content)


def _bytes(text: str | None, *, encoded: bool) -> bytes | None:
    if text is None or not encoded:
        return None if text is None else text.encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
