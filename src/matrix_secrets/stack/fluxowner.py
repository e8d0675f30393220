"""The Flux Kustomizations that own a stack, as the repository declares them."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.nodes import Mapping, Stream, find, text_at
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.resources import Resource, resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# https://fluxcd.io/flux/components/kustomize/kustomizations/: the group whose Kustomization has spec.path.
FLUX_GROUP: Final = "kustomize.toolkit.fluxcd.io"


@dataclass(frozen=True, slots=True)
class Owner:
    """A Flux Kustomization whose ``spec.path`` covers a stack. ``path`` is normalised, ``""`` for the root."""

    name: str
    namespace: str
    path: str
    place: Place
    decryption: bool
    secret_name: str

    @property
    def cluster(self) -> str:
        """The directory of the file, which names the cluster: ``clusters/home``."""
        directory = posixpath.dirname(self.place.file)
        return posixpath.dirname(directory) if posixpath.basename(directory) == "flux-system" else directory


def flux_kustomizations(stream: Stream) -> Iterator[Owner]:
    """Yield the Flux Kustomizations of a file."""
    for resource in resources(stream):
        api_version = text_at(resource.root, ("apiVersion",)) or ""
        if resource.kind == "Kustomization" and api_version.startswith(FLUX_GROUP + "/"):
            yield _owner(resource)


def _owner(resource: Resource) -> Owner:
    root = resource.root
    decryption = find(root, ("spec", "decryption"))
    provider = text_at(root, ("spec", "decryption", "provider"))
    path = posixpath.normpath("/" + (text_at(root, ("spec", "path")) or "")).strip("/")
    return Owner(
        name=resource.name,
        namespace=resource.namespace or "flux-system",
        path=path,
        place=resource.place("spec", "decryption"),
        decryption=isinstance(decryption, Mapping) and provider == "sops",
        secret_name=text_at(root, ("spec", "decryption", "secretRef", "name")) or "",
    )


def covers(owner: Owner, directory: str) -> bool:
    """Whether the owner's path is the stack's directory or one above it."""
    return owner.path in ("", directory) or directory.startswith(owner.path + "/")


def owners_of(directory: str, files: Iterable[str], read: Callable[[str], bytes | None]) -> list[Owner]:
    """Return the owners of a stack: of each cluster the Kustomization with the longest path that covers it.

    ``read`` gives a file's bytes, from the work tree or from a commit. Files that do not parse own nothing here:
    ``verify`` names them.
    """
    return owning((owner for file in files for owner in _owners_in(file, read)), directory)


def owning(owners: Iterable[Owner], directory: str) -> list[Owner]:
    """Choose, of Flux Kustomizations at hand, those that own a stack: of each cluster the one with the longest path."""
    best: dict[str, Owner] = {}
    for owner in owners:
        if not covers(owner, directory):
            continue
        held = best.get(owner.cluster)
        if held is None or len(owner.path) > len(held.path):
            best[owner.cluster] = owner
    return sorted(best.values(), key=lambda owner: owner.place.file)


def _owners_in(file: str, read: Callable[[str], bytes | None]) -> list[Owner]:
    raw = read(file)
    if raw is None or FLUX_GROUP.encode() not in raw or b"Kustomization" not in raw:
        return []
    try:
        return list(flux_kustomizations(parse(decode(raw, file), file)))
    except BadManifestError:
        return []
