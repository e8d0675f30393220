"""The Flux Kustomizations that own a stack, as the repository declares and patches them."""

from __future__ import annotations

import posixpath
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.nodes import Mapping, Stream, find, text_at
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.resources import Resource, resources
from matrix_secrets.records import dataclass
from matrix_secrets.stack.decryption import declared, patched
from matrix_secrets.stack.kustomizefiles import builders_of, group_of, kustomize_files
from matrix_secrets.stack.patches import PatchList, Subject, patches_for, subject_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from matrix_secrets.stack.kustomizefiles import KustomizeFile

    Read = Callable[[str], bytes | None]

# https://fluxcd.io/flux/components/kustomize/kustomizations/: the group whose Kustomization has spec.path.
FLUX_GROUP: Final = "kustomize.toolkit.fluxcd.io"
# https://fluxcd.control-plane.io/operator/fluxinstance/: it makes a Kustomization of its spec.sync.
INSTANCE_GROUP: Final = "fluxcd.controlplane.io"
INSTANCE: Final = "FluxInstance"
INSTANCE_PATCHES: Final = ("spec", "kustomize", "patches")
_FLUX_NAMESPACE: Final = "flux-system"


@dataclass(frozen=True, slots=True)
class Owner:
    """A Flux Kustomization whose ``spec.path`` covers a stack. ``path`` is normalised, ``""`` for the root.

    ``place`` is where its decryption stands, in a patch too, or belongs; ``resource`` is its own manifest, or the
    FluxInstance that makes it.
    """

    name: str
    namespace: str
    path: str
    place: Place
    decryption: bool
    secret_name: str
    resource: Resource = field(repr=False, compare=False)

    @property
    def file(self) -> str:
        """The file of its own manifest."""
        return self.resource.stream.file

    @property
    def cluster(self) -> str:
        """The directory of the file, which names the cluster: ``clusters/home``."""
        directory = posixpath.dirname(self.file)
        return posixpath.dirname(directory) if posixpath.basename(directory) == _FLUX_NAMESPACE else directory

    @property
    def from_instance(self) -> bool:
        """Whether a FluxInstance makes it."""
        return self.resource.kind == INSTANCE


def flux_kustomizations(stream: Stream) -> Iterator[Owner]:
    """Yield the Flux Kustomizations of a file, as they stand there: patches are not looked at."""
    for resource in resources(stream):
        group = group_of(resource.root)
        if resource.kind == "Kustomization" and group == FLUX_GROUP and _is_whole(resource):
            yield _owner(resource, resource.name, text_at(resource.root, ("spec", "path")))
        elif resource.kind == INSTANCE and group == INSTANCE_GROUP and _syncs(resource):
            name = text_at(resource.root, ("spec", "sync", "name")) or resource.namespace or _FLUX_NAMESPACE
            yield _owner(resource, name, text_at(resource.root, ("spec", "sync", "path")))


def _is_whole(resource: Resource) -> bool:
    """Whether it is a Kustomization, and not a patch for one: the source is mandatory."""
    return isinstance(find(resource.root, ("spec", "sourceRef")), Mapping)


def _syncs(resource: Resource) -> bool:
    return isinstance(find(resource.root, ("spec", "sync")), Mapping)


def _owner(resource: Resource, name: str, path: str | None) -> Owner:
    instance = resource.kind == INSTANCE
    found = None if instance else declared(resource)
    return Owner(
        name=name,
        namespace=resource.namespace or _FLUX_NAMESPACE,
        path=posixpath.normpath("/" + (path or "")).strip("/"),
        place=resource.place(*INSTANCE_PATCHES) if instance else resource.place("spec", "decryption"),
        decryption=found is not None and found.works,
        secret_name="" if found is None else found.secret,
        resource=resource,
    )


def covers(owner: Owner, directory: str) -> bool:
    """Whether the owner's path is the stack's directory or one above it."""
    return owner.path in ("", directory) or directory.startswith(owner.path + "/")


def owners_of(directory: str, files: Iterable[str], read: Read) -> list[Owner]:
    """Return the owners of a stack: of each cluster the Kustomization with the longest path that covers it.

    ``read`` gives a file's bytes, from the work tree or from a commit. Files that do not parse own nothing here:
    ``verify`` names them. Their decryption is what the patches of the repository make of it.
    """
    names = list(files)
    everybody = [owner for file in names for owner in _owners_in(file, read)]
    return overlaid(owning(everybody, directory), everybody, names, read)


def owning(owners: Iterable[Owner], directory: str) -> list[Owner]:
    """Choose, of Flux Kustomizations at hand, those that own a stack: of each cluster the one with the longest path."""
    best: dict[str, Owner] = {}
    for owner in owners:
        if not covers(owner, directory):
            continue
        held = best.get(owner.cluster)
        if held is None or len(owner.path) > len(held.path):
            best[owner.cluster] = owner
    return sorted(best.values(), key=lambda owner: owner.file)


def overlaid(owners: Sequence[Owner], everybody: Sequence[Owner], files: Sequence[str], read: Read) -> list[Owner]:
    """Return owners with the decryption that patches leave them. ``everybody`` are all Flux Kustomizations."""
    if not owners:
        return []
    builders = kustomize_files(files, read)
    return [_overlaid(owner, patch_lists(owner, everybody, builders), read) for owner in owners]


def patch_lists(owner: Owner, everybody: Sequence[Owner], builders: Sequence[KustomizeFile]) -> list[PatchList]:
    """Return the lists whose patches may change an owner, those that are applied first coming first."""
    if owner.from_instance:
        return [PatchList(owner.resource, INSTANCE_PATCHES)]
    lists = [PatchList(each.resource, ("patches",), legacy=True) for each in builders_of(owner.file, builders)]
    directory = posixpath.dirname(owner.file)
    above = [each for each in everybody if each.resource is not owner.resource and covers(each, directory)]
    return [*lists, *(PatchList(each.resource, ("spec", "patches")) for each in above if not each.from_instance)]


def subject(owner: Owner) -> Subject:
    """Return the owner as a subject of patches."""
    if owner.from_instance:
        return Subject(FLUX_GROUP, "Kustomization", owner.name, owner.namespace)
    return subject_of(owner.resource)


def _overlaid(owner: Owner, lists: list[PatchList], read: Read) -> Owner:
    patches = patches_for(subject(owner), lists, read)
    if not patches:
        return owner
    before = None if owner.from_instance else declared(owner.resource)
    found = patched(before, patches)
    if found == before:
        return owner
    if found is None:
        return replace(owner, decryption=False, secret_name="")
    return replace(owner, decryption=found.works, secret_name=found.secret, place=found.place)


def _owners_in(file: str, read: Read) -> list[Owner]:
    raw = read(file)
    if raw is None or not declares_owners(raw):
        return []
    try:
        return list(flux_kustomizations(parse(decode(raw, file), file)))
    except BadManifestError:
        return []


def declares_owners(raw: bytes) -> bool:
    """Whether a file may declare a Flux Kustomization: worth parsing."""
    flux = FLUX_GROUP.encode() in raw and b"Kustomization" in raw
    return flux or (INSTANCE_GROUP.encode() in raw and INSTANCE.encode() in raw)
