"""The Services that an Ingress leads to: Synapse's and Element's, by the pods that they select."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.manifests.nodes import find, text_at
from matrix_secrets.manifests.resources import resources
from matrix_secrets.records import dataclass
from matrix_secrets.stack.services import synapse_workloads
from matrix_secrets.stack.workloads import Workload, items, texts, workloads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.manifests.nodes import Node
    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.stack.model import Stack


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service and the port of it that clients come to."""

    service: Resource
    port: int

    @property
    def type(self) -> str:
        """The Service's type."""
        return text_at(self.service.root, ("spec", "type")) or "ClusterIP"


def synapse_backend(stack: Stack) -> Backend | None:
    """Return Synapse's Service, None where the stack has none. Workers come after the main process."""
    return _backend(stack, synapse_workloads(stack), ("http", "client", "synapse"))


def element_backend(stack: Stack) -> Backend | None:
    """Return Element's Service, None where the stack has none."""
    holders = [config.entry.resource for config in stack.elements]
    pods = [
        each
        for each in workloads(stack.streams)
        if any(each.consumes(holder.kind, holder.name, holder.namespace) for holder in holders)
    ]
    return _backend(stack, pods, ("http", "web"))


def _backend(stack: Stack, pods: Sequence[Workload], names: Sequence[str]) -> Backend | None:
    for service in _services(stack):
        selector = texts(find(service.root, ("spec", "selector")))
        if not selector or not any(selector.items() <= pod.labels.items() for pod in pods):
            continue
        ports = [port for port in items(find(service.root, ("spec", "ports"))) if _number(port)]
        named = [port for port in ports if text_at(port, ("name",)) in names]
        chosen = next(iter(named or ports), None)
        if chosen is not None:
            return Backend(service, int(_number(chosen)))
    return None


def _services(stack: Stack) -> Iterator[Resource]:
    for stream in stack.streams:
        yield from (each for each in resources(stream) if each.kind == "Service")


def _number(port: Node) -> str:
    found = text_at(port, ("port",)) or ""
    return found if found.isdigit() else ""
