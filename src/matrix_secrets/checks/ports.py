"""From public_baseurl through the Service to a listener: the ports have to meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.settings import server_name_of
from matrix_secrets.checks.subject import Subject, resources_of
from matrix_secrets.checks.urls import read_url
from matrix_secrets.manifests.nodes import Node, child, find, text_at
from matrix_secrets.stack.homeserver import PUBLIC_BASEURL
from matrix_secrets.stack.placeholders import is_example_url
from matrix_secrets.stack.services import synapse_node_port, synapse_workloads
from matrix_secrets.stack.workloads import Workload, items, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.findings import Finding
    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.model import Stack

MISMATCH: Final = error(
    "port-mismatch",
    "A port leads nowhere: public_baseurl's is not the Service's nodePort, or the Service's targetPort is none that "
    "Synapse listens on.",
    "Make the two ports that the finding names equal.",
)
KINDS: Final = (MISMATCH,)

# What else may stand between clients and the Service, with ports of its own.
_GATEWAYS: Final = frozenset(
    {"Ingress", "IngressRoute", "HTTPRoute", "TCPRoute", "Gateway", "VirtualService", "HTTPProxy"}
)
# https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport
_NODE_PORTS: Final = range(30000, 32768)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield each port that does not meet its counterpart, as far as the stack's own manifests can tell."""
    for stack in subject.stacks:
        for config in stack.homeservers:
            pods = synapse_workloads(stack) if config.readable else []
            services = [service for service in _services(stack) if any(_selects(service, pod) for pod in pods)]
            yield from _outside(subject, stack, config, pods, services)
            for service in services:
                for pod in pods:
                    if _selects(service, pod):
                        yield from _inside(subject, service, pod, config)


def _services(stack: Stack) -> list[Resource]:
    return [resource for resource in resources_of(stack) if resource.kind == "Service"]


def _selects(service: Resource, pod: Workload) -> bool:
    wanted = texts(find(service.root, ("spec", "selector")))
    return bool(wanted) and wanted.items() <= pod.labels.items()


def _outside(
    subject: Subject, stack: Stack, config: ConfigText, pods: list[Workload], services: list[Resource]
) -> Iterator[Finding]:
    """Compare public_baseurl's port with the nodePorts, where nothing else could stand in front of them."""
    text = config.text(PUBLIC_BASEURL)
    url = None if text is None else read_url(text)
    if text is None or url is None or is_example_url(text):
        return
    nodes = [service for service in services if _type(service) == "NodePort"]
    ports = [port for service in nodes for port in _ports(service)]
    known = {int(number) for port in ports if (number := text_at(port, ("nodePort",)) or "").isdigit()}
    other_ways = any(resource.kind in _GATEWAYS for resource in resources_of(stack)) or any(map(_on_the_host, pods))
    behind_a_proxy = url.port in {80, 443} or (url.scheme == "https" and url.port not in _NODE_PORTS)
    balanced = any(_type(service) == "LoadBalancer" for service in services)
    if not known or len(known) < len(ports) or other_ways or balanced or behind_a_proxy or url.port in known:
        return
    numbers = " and ".join(map(str, sorted(known)))
    message = f"leads to port {url.port}, but {nodes[0].label} has nodePort {numbers}"
    right = text.replace(f":{url.port}", f":{synapse_node_port(stack) or min(known)}", 1)
    fix = subject.command(f"configure --server-name {server_name_of(stack)} --public-baseurl {right}", stack)
    yield MISMATCH.at(config.place(PUBLIC_BASEURL), f"{message} ({nodes[0].stream.file})", fix)


def _type(service: Resource) -> str:
    return text_at(service.root, ("spec", "type")) or "ClusterIP"


def _ports(service: Resource) -> tuple[Node, ...]:
    return items(find(service.root, ("spec", "ports")))


def _on_the_host(pod: Workload) -> bool:
    if text_at(pod.template, ("spec", "hostNetwork")) == "true":
        return True
    return any(child(port, "hostPort") for container in pod.containers() for port in items(child(container, "ports")))


def _inside(subject: Subject, service: Resource, pod: Workload, config: ConfigText) -> Iterator[Finding]:
    """Compare each targetPort with the ports that are listened on in the pod."""
    listeners = {text_at(listener, ("port",)) or "" for listener in items(config.node(("listeners",)))} - {""}
    if not listeners:
        return
    list(pod.containers())
    url = read_url(config.text(PUBLIC_BASEURL) or "")
    lost = [port for port in enumerate(_ports(service)) if _target(port[1], pod) not in listeners | _sidecars(pod)]
    every = len(lost) == len(_ports(service))
    for index, port in lost:
        # One port of several may be for something else (metrics) as long as clients do not come in through it.
        if every or (url is not None and text_at(port, ("nodePort",)) == str(url.port)):
            place = service.place("spec", "ports", str(index), "targetPort")
            target, said = _target(port, pod), text_at(port, ("targetPort",))
            if target is None:
                message = f"no container of {pod.resource.label} has a port called {said}"
            else:
                message = (
                    f"leads to port {target}, but {config.place(('listeners',))} has {' and '.join(sorted(listeners))}"
                )
            fix = subject.edit(service.stream.file, f"make it targetPort: {min(listeners)}")
            yield MISMATCH.at(place, message, fix)


def _target(port: Node, pod: Workload) -> str | None:
    """The number of the port that a Service's port leads to; None for a name that no container has."""
    target = text_at(port, ("targetPort",)) or text_at(port, ("port",)) or ""
    if target.isdigit():
        return target
    named = {name: number for container in pod.containers() for name, number in _container_ports(container)}
    return named.get(target)


def _sidecars(pod: Workload) -> set[str]:
    """The ports of the containers that are not Synapse: where there are some, a Service may lead to one of them."""
    containers = list(pod.containers())
    others = [each for each in containers if "synapse" not in (text_at(each, ("image",)) or "")]
    return {number for each in others if len(containers) > 1 for _, number in _container_ports(each)}


def _container_ports(container: Node) -> Iterator[tuple[str, str]]:
    for port in items(child(container, "ports")):
        yield text_at(port, ("name",)) or "", text_at(port, ("containerPort",)) or ""
