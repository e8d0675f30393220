"""Patches that a repository lays over a resource: Kustomize's, in all their forms, and Flux's own ``patches``.

Forms: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/ (inline or file, strategic merge,
JSON patch, with target or without), the older ``patchesStrategicMerge`` and ``patchesJson6902``; the field ``patches``
of a Flux Kustomization's spec and of a FluxInstance's ``spec.kustomize`` has the first form, inline.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.nodes import Mapping, Sequence, find, text_at
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.records import dataclass
from matrix_secrets.stack.kustomizefiles import group_of, labels_of, mappings, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matrix_secrets.errors import Place
    from matrix_secrets.manifests.nodes import Node, Path
    from matrix_secrets.manifests.resources import Resource

    Read = Callable[[str], bytes | None]

_SELECTOR: Final = re.compile(r"([^=!,\s()]+)\s*={1,2}\s*([^=!,\s()]+)")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a patch may be meant for."""

    group: str
    kind: str
    name: str
    namespace: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PatchList:
    """A list of patches and where it stands: ``path`` leads to it in the resource, even where it is not there yet.

    ``legacy`` says that the resource is a kustomization file, which may have the older lists, too.
    """

    resource: Resource
    path: Path
    legacy: bool = False

    @property
    def place(self) -> Place:
        """The place of the list."""
        return self.resource.place(*map(str, self.path))


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch that is meant for a subject: ``body`` is a resource's fields, or a list of JSON patch operations."""

    place: Place
    body: Mapping | Sequence


def patches_for(subject: Subject, lists: list[PatchList], read: Read) -> list[Patch]:
    """Return the patches that are meant for a subject, in the order in which they are applied."""
    return [patch for each in lists for patch in _of_list(subject, each, read)]


def _of_list(subject: Subject, found: PatchList, read: Read) -> Iterator[Patch]:
    root, base = found.resource.root, posixpath.dirname(found.resource.stream.file)
    if found.legacy:
        for name in texts(find(root, ("patchesStrategicMerge",))):
            text = name if "\n" in name else _file(base, name, read)
            yield from _meant(subject, None, text, found.resource.place("patchesStrategicMerge"))
        for entry in mappings(find(root, ("patchesJson6902",))):
            text = text_at(entry, ("patch",)) or _file(base, text_at(entry, ("path",)), read)
            yield from _meant(subject, find(entry, ("target",)), text, found.resource.place("patchesJson6902"))
    for entry in mappings(find(root, found.path)):
        text = text_at(entry, ("patch",)) or _file(base, text_at(entry, ("path",)), read)
        yield from _meant(subject, find(entry, ("target",)), text, found.place)


def _file(base: str, name: str | None, read: Read) -> str:
    file = posixpath.normpath(posixpath.join(base, name or ""))
    raw = read(file) if name else None
    try:
        return "" if raw is None else decode(raw, file)
    except BadManifestError:
        return ""


def _meant(subject: Subject, target: Node | None, text: str, place: Place) -> Iterator[Patch]:
    try:
        documents = parse(text).documents if text else ()
    except BadManifestError:
        return  # Kustomize will say so
    for document in documents:
        match document.root:
            case Sequence() as operations if isinstance(target, Mapping) and _selects(target, subject):
                yield Patch(place, operations)
            case Mapping() as fields if (
                _selects(target, subject) if isinstance(target, Mapping) else _names(fields, subject)
            ):
                yield Patch(place, fields)
            case _:
                pass


def _names(fields: Mapping, subject: Subject) -> bool:
    """Whether a strategic merge patch names the subject itself."""
    namespace = text_at(fields, ("metadata", "namespace"))
    return (
        group_of(fields) == subject.group
        and text_at(fields, ("kind",)) == subject.kind
        and text_at(fields, ("metadata", "name")) == subject.name
        and (namespace or subject.namespace) == subject.namespace
    )


def _selects(target: Mapping, subject: Subject) -> bool:
    """Whether a target selects the subject: anchored expressions, and labels."""
    wanted = {key: text_at(target, (key,)) for key in ("group", "kind", "name", "namespace")}
    actual = {"group": subject.group, "kind": subject.kind, "name": subject.name, "namespace": subject.namespace}
    if any(text and not _matches(text, actual[key]) for key, text in wanted.items()):
        return False
    if text_at(target, ("annotationSelector",)):
        return False  # not looked at: what may not be meant is taken as not there
    selector = text_at(target, ("labelSelector",)) or ""
    pairs = _SELECTOR.findall(selector)
    return len(pairs) == len([part for part in selector.split(",") if part.strip()]) and set(pairs) <= set(
        subject.labels
    )


def _matches(expression: str, text: str) -> bool:
    try:
        return re.fullmatch(expression, text) is not None
    except re.error:
        return False


def subject_of(resource: Resource) -> Subject:
    """Return a resource as a subject of patches; Flux's own namespace where it names none."""
    labels = tuple(sorted(labels_of(resource.root).items()))
    namespace = resource.namespace or "flux-system"
    return Subject(group_of(resource.root), resource.kind, resource.name, namespace, labels)


def operations_of(patch: Patch) -> Iterator[tuple[str, tuple[str, ...], Node | None]]:
    """Yield the operations of a JSON patch: what is done, the keys of the path, the value."""
    for each in mappings(patch.body):
        path = text_at(each, ("path",)) or ""
        keys = tuple(key.replace("~1", "/").replace("~0", "~") for key in path.split("/")[1:])
        yield text_at(each, ("op",)) or "", keys, find(each, ("value",))
