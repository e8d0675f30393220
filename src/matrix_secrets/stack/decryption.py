"""``spec.decryption`` of a Flux Kustomization, as its manifest and all patches over it leave it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.nodes import Mapping, Scalar, find, text_at
from matrix_secrets.records import dataclass
from matrix_secrets.stack.patches import operations_of
from matrix_secrets.stack.values import is_null

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matrix_secrets.errors import Place
    from matrix_secrets.manifests.nodes import Node
    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.stack.patches import Patch

SPEC: Final = "spec"
DECRYPTION: Final = "decryption"
_PATH: Final = (SPEC, DECRYPTION)
SOPS: Final = "sops"


@dataclass(frozen=True, slots=True)
class Decryption:
    """What a Flux Kustomization says about decryption, and where; ``secret`` is empty where it names none."""

    provider: str
    secret: str
    place: Place

    @property
    def works(self) -> bool:
        """Whether Flux decrypts SOPS files with it."""
        return self.provider == SOPS


def declared(resource: Resource) -> Decryption | None:
    """Return what stands in the manifest itself, None where it says nothing."""
    return _of(find(resource.root, _PATH), resource.place(*_PATH))


def patched(before: Decryption | None, patches: Iterable[Patch]) -> Decryption | None:
    """Return what patches make of it."""
    found = before
    for patch in patches:
        found = _merged(found, patch) if isinstance(patch.body, Mapping) else _operated(found, patch)
    return found


def _of(node: Node | None, place: Place) -> Decryption | None:
    if not isinstance(node, Mapping):
        return None
    return Decryption(text_at(node, ("provider",)) or "", text_at(node, ("secretRef", "name")) or "", place)


def _merged(before: Decryption | None, patch: Patch) -> Decryption | None:
    node = find(patch.body, _PATH)
    if isinstance(node, Scalar) and is_null(node):
        return None
    new = _of(node, patch.place)
    if new is None or text_at(node, ("$patch",)) == "delete":
        return before if new is None else None
    if before is None or text_at(node, ("$patch",)) == "replace":
        return new
    secret = "" if _removes(node, "secretRef") else new.secret or before.secret
    return Decryption(new.provider or before.provider, secret, patch.place)


def _removes(node: Node | None, key: str) -> bool:
    found = find(node, (key,))
    return isinstance(found, Scalar) and is_null(found)


def _operated(before: Decryption | None, patch: Patch) -> Decryption | None:
    found = before
    for operation, keys, value in operations_of(patch):
        if operation not in {"add", "replace", "remove"}:
            continue
        text = value.value if isinstance(value, Scalar) else ""
        empty = found or Decryption("", "", patch.place)
        match keys:
            case ("spec",):
                found = _of(find(value, (DECRYPTION,)), patch.place)
            case ("spec", "decryption"):
                found = _of(value, patch.place)
            case ("spec", "decryption", "provider"):
                found = replace(empty, provider=text, place=patch.place)
            case ("spec", "decryption", "secretRef"):
                found = replace(empty, secret=text_at(value, ("name",)) or "", place=patch.place)
            case ("spec", "decryption", "secretRef", "name"):
                found = replace(empty, secret=text, place=patch.place)
            case _:
                pass
    return found
