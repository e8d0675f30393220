"""The containers in which a Synapse reads a homeserver.yaml: workers and init containers included."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.manifests.nodes import Mapping, Node, find, text_at
from matrix_secrets.records import dataclass
from matrix_secrets.stack.images import image_of
from matrix_secrets.stack.workloads import Workload, items, workloads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.errors import Place
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.stack.configtext import ConfigText


@dataclass(frozen=True, slots=True)
class SynapseContainer:
    """A container of a workload. ``path`` leads to it from the resource's root."""

    workload: Workload
    node: Mapping = field(repr=False)
    path: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return text_at(self.node, ("name",)) or self.path[-1]

    @property
    def image(self) -> str:
        """The image that the manifest names."""
        return text_at(self.node, ("image",)) or ""

    def place(self, *path: str) -> Place:
        """The place of a field of it: ``Deployment/synapse › containers › synapse › env``."""
        return self.workload.resource.place(self.path[-2], self.name, *path)


def readers(config: ConfigText, streams: Sequence[Stream]) -> list[Workload]:
    """Return the workloads whose pods read a homeserver.yaml; PostgreSQL's, which reads its Secret whole, is none."""
    holder = config.entry.resource
    return [
        workload
        for workload in workloads(streams)
        if not workload.is_database and workload.consumes(holder.kind, holder.name, holder.namespace)
    ]


def synapse_containers(workload: Workload, config: ConfigText) -> list[SynapseContainer]:
    """Return the containers that mount a homeserver.yaml, or whose image is Synapse's: it may get a copy of it."""
    volumes = _volumes_of(workload, config)
    return [
        each
        for each in _containers(workload)
        if image_of(each.image).is_synapse
        or any(text_at(mount, ("name",)) in volumes for mount in items(find(each.node, ("volumeMounts",))))
    ]


def _containers(workload: Workload) -> Iterator[SynapseContainer]:
    for kind in ("initContainers", "containers"):
        for number, node in enumerate(items(find(workload.template, ("spec", kind)))):
            if isinstance(node, Mapping):
                yield SynapseContainer(workload, node, ("spec", "template", "spec", kind, str(number)))


def _volumes_of(workload: Workload, config: ConfigText) -> frozenset[str | None]:
    holder = config.entry.resource
    field_name, name_field = ("configMap", "name") if holder.kind == "ConfigMap" else ("secret", "secretName")
    found: set[str | None] = set()
    for volume in items(find(workload.template, ("spec", "volumes"))):
        names = [text_at(volume, (field_name, name_field))]
        names += [text_at(source, (field_name, "name")) for source in _sources(volume)]
        if holder.name in names:
            found.add(text_at(volume, ("name",)))
    return frozenset(found)


def _sources(volume: Node) -> tuple[Node, ...]:
    return items(find(volume, ("projected", "sources")))
