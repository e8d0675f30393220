"""Workloads of a stack: which ConfigMaps and Secrets their pods consume, what their environment names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.nodes import Mapping, Node, Scalar, Sequence, Stream, child, find, text_at
from matrix_secrets.manifests.resources import Resource, resources
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KINDS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_TEMPLATE: Final = ("spec", "template")


@dataclass(frozen=True, slots=True)
class Reference:
    """A ConfigMap or Secret, or one key of it, that a pod consumes. ``key`` None: all keys."""

    kind: str
    name: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet."""

    resource: Resource

    @property
    def template(self) -> Node | None:
        """The pod template."""
        return find(self.resource.root, _TEMPLATE)

    @property
    def labels(self) -> dict[str, str]:
        """The pods' labels."""
        return texts(find(self.template, ("metadata", "labels")))

    @property
    def selector(self) -> dict[str, str]:
        """The labels by which it knows its pods."""
        return texts(find(self.resource.root, ("spec", "selector", "matchLabels"))) or self.labels

    @property
    def is_database(self) -> bool:
        """Whether it runs PostgreSQL: its pods are never restarted for a changed value (facts.md, Kubernetes)."""
        images = (text_at(container, ("image",)) or "" for container in self.containers())
        return any("postgres" in image.split("@")[0].rsplit("/", 1)[-1].split(":")[0] for image in images)

    def containers(self, *, init: bool = False) -> Iterator[Node]:
        """Yield its containers; with ``init`` those that run before them, too."""
        for field in ("containers", "initContainers") if init else ("containers",):
            yield from items(find(self.template, ("spec", field)))

    def environment(self) -> frozenset[str]:
        """Return the names that its containers' ``env`` sets."""
        return frozenset(
            text_at(variable, ("name",)) or ""
            for container in self.containers()
            for variable in items(child(container, "env"))
        )

    def references(self) -> frozenset[Reference]:
        """Return what its pods consume, by volume or environment, init containers included."""
        found: set[Reference] = set()
        for volume in items(find(self.template, ("spec", "volumes"))):
            found.update(_of_volume(volume))
            for source in items(find(volume, ("projected", "sources"))):
                found.update(_of_volume(source))
        for container in self.containers(init=True):
            found.update(_of_container(container))
        return frozenset(reference for reference in found if reference.name)

    def consumes(self, kind: str, name: str, namespace: str) -> bool:
        """Whether its pods consume any key of a resource."""
        if not same_namespace(self.resource.namespace, namespace):
            return False
        return any(found.kind == kind and found.name == name for found in self.references())


def workloads(streams: Iterable[Stream]) -> Iterator[Workload]:
    """Yield the workloads in some files."""
    for stream in streams:
        for resource in resources(stream):
            if resource.kind in _KINDS:
                yield Workload(resource)


def same_namespace(one: str, other: str) -> bool:
    """Whether two resources can be in one namespace; an empty one is set elsewhere and fits any."""
    return not one or not other or one == other


def items(node: Node | None) -> tuple[Node, ...]:
    """Return the items of a sequence; none where it is something else."""
    return node.items if isinstance(node, Sequence) else ()


def texts(node: Node | None) -> dict[str, str]:
    """Return the scalars of a mapping by key; empty where it is something else."""
    if not isinstance(node, Mapping):
        return {}
    return {k.value: v.value for k, v in node.items if isinstance(k, Scalar) and isinstance(v, Scalar)}


def _of_volume(volume: Node) -> Iterator[Reference]:
    for field, kind, name_field in (
        ("configMap", "ConfigMap", "name"),
        ("secret", "Secret", "secretName"),
        ("secret", "Secret", "name"),  # inside a projected volume
    ):
        name = text_at(volume, (field, name_field))
        if name is None:
            continue
        keys = [text_at(item, ("key",)) for item in items(find(volume, (field, "items")))]
        yield from (Reference(kind, name, key) for key in keys or [None])


def _of_container(container: Node) -> Iterator[Reference]:
    for source in items(child(container, "envFrom")):
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            yield Reference(kind, text_at(source, (field, "name")) or "")
    for variable in items(child(container, "env")):
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            reference = find(variable, ("valueFrom", field))
            yield Reference(kind, text_at(reference, ("name",)) or "", text_at(reference, ("key",)))
