"""The Services of a stack: on which port of the nodes Synapse answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.nodes import Node, Stream, find, text_at
from matrix_secrets.manifests.resources import Resource, resources
from matrix_secrets.stack.workloads import Workload, items, texts, workloads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from matrix_secrets.stack.model import Stack

DEFAULT_NODE_PORT: Final = 30067  # the guide's
SYNAPSE_PORT: Final = "8008"


def synapse_node_port(stack: Stack) -> int | None:
    """Return the nodePort of the Service that leads to Synapse's client listener; None where none has one."""
    listeners = _listeners(stack)
    for service in synapse_services(stack):
        for port in items(find(service.root, ("spec", "ports"))):
            node_port = text_at(port, ("nodePort",)) or ""
            if node_port.isdigit() and (_names_port(port, listeners) or _only_port(service)):
                return int(node_port)
    return None


def synapse_workloads(stack: Stack) -> list[Workload]:
    """Return the workloads whose pods read a homeserver.yaml, workers included; PostgreSQL excluded."""
    holders = [config.entry.resource for config in stack.homeservers]
    return [
        workload
        for workload in workloads(stack.streams)
        if not workload.is_database
        and any(workload.consumes(holder.kind, holder.name, holder.namespace) for holder in holders)
    ]


def synapse_services(stack: Stack) -> Iterator[Resource]:
    """Yield the Services that lead to Synapse's pods."""
    labels = [workload.labels for workload in synapse_workloads(stack)]
    for service in _services(stack.streams):
        selector = texts(find(service.root, ("spec", "selector")))
        if selector and any(selector.items() <= each.items() for each in labels):
            yield service


def _services(streams: Iterable[Stream]) -> Iterator[Resource]:
    for stream in streams:
        for resource in resources(stream):
            if resource.kind == "Service":
                yield resource


def listener_ports(stack: Stack) -> list[int]:
    """Return the ports on which Synapse serves clients, at least one."""
    return sorted(int(port) for port in _listeners(stack) if port.isdigit()) or [int(SYNAPSE_PORT)]


def _listeners(stack: Stack) -> frozenset[str]:
    """Return the ports of the listeners that serve clients, as homeserver.yaml has them."""
    found: set[str] = set()
    for config in stack.homeservers:
        for listener in items(config.node(("listeners",))):
            names = {
                name
                for resource in items(find(listener, ("resources",)))
                for item in items(find(resource, ("names",)))
                if (name := text_at(item, ()))
            }
            port = text_at(listener, ("port",))
            if port and "client" in names:
                found.add(port)
    return frozenset(found or {SYNAPSE_PORT})


def _names_port(port: Node, listeners: frozenset[str]) -> bool:
    target = text_at(port, ("targetPort",)) or text_at(port, ("port",)) or ""
    return target in listeners or (not target.isdigit() and (text_at(port, ("port",)) or "") in listeners)


def _only_port(service: Resource) -> bool:
    return len(items(find(service.root, ("spec", "ports")))) == 1
