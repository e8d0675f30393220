"""Services: which pods stand behind each, and the names that pods know them by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.testbed.node.probes import port_number

if TYPE_CHECKING:
    from tests.testbed.api import Resource
    from tests.testbed.node.pod import Pod

Route = tuple[str, int]  # an address, empty for the node's own, and a port


def routes(services: list[Resource], pods: list[Pod]) -> dict[Route, list[Route]]:
    """Each cluster address and node port with the ready pods' addresses and ports behind it."""
    found: dict[Route, list[Route]] = {}
    for service in services:
        ready = [pod for pod in pods if pod.ready and _selects(service, pod)]
        for port in service["spec"].get("ports") or ():
            behind = [(pod.address, _target(pod, port)) for pod in ready]
            if (address := service["spec"].get("clusterIP", "None")) != "None":
                found[address, port["port"]] = behind
            if "nodePort" in port:
                found["", port["nodePort"]] = behind
    return found


def write_hosts(pod: Pod, services: list[Resource]) -> None:
    """The names a pod can resolve: itself as localhost, and every service as cluster DNS has it."""
    meta = pod.resource["metadata"]
    lines = [f"{pod.address} localhost {meta['name']}"]
    for service in services:
        name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
        address = service["spec"].get("clusterIP", "None")
        if address != "None":
            names = [f"{name}.{namespace}.svc.cluster.local", f"{name}.{namespace}.svc", f"{name}.{namespace}"]
            lines.append(" ".join([address, *names, *([name] if namespace == meta["namespace"] else [])]))
    text = "\n".join(lines) + "\n"
    if pod.hosts.exists() and pod.hosts.read_text() != text:
        pod.hosts.write_text(text)  # in place: it is mounted


def _selects(service: Resource, pod: Pod) -> bool:
    meta, selector = pod.resource["metadata"], service["spec"].get("selector")
    labels = meta.get("labels") or {}
    if not selector or meta["namespace"] != service["metadata"]["namespace"]:
        return False
    return "deletionTimestamp" not in meta and all(labels.get(key) == value for key, value in selector.items())


def _target(pod: Pod, port: Resource) -> int:
    target: int | str = port["targetPort"] if "targetPort" in port else port["port"]
    if isinstance(target, int):
        return target
    specs = [one.spec for one in pod.containers if any(p.get("name") == target for p in one.spec.get("ports") or ())]
    return port_number(specs[0], target) if specs else int(port["port"])
