"""The way in from outside: the live Service of Synapse, and whether public_baseurl leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.urls import read_url
from matrix_secrets.cluster.kinds import SERVICE
from matrix_secrets.operations.doctor.places import live_place
from matrix_secrets.records import dataclass
from matrix_secrets.stack.homeserver import real_public_baseurl
from matrix_secrets.stack.services import synapse_services

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.case import Case
    from matrix_secrets.stack.model import Stack

MISSING: Final = error(
    "service-missing",
    "The Service that leads to Synapse is not in the cluster.",
    "`matrix-secrets cluster reconcile`",
)
OTHER_PORT: Final = error(
    "service-node-port",
    "public_baseurl names a port of the nodes that the live Service does not have: clients reach nothing.",
    "`matrix-secrets cluster reconcile` puts back the port that Git holds.",
)
KINDS: Final = (MISSING, OTHER_PORT)

# https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport
_NODE_PORTS: Final = range(30000, 32768)


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """Synapse's Service; ``ports`` are its live nodePorts, None without the Service. ``url`` is public_baseurl."""

    namespace: str
    name: str
    ports: Sequence[int] | None
    url: str


def front_door(case: Case, stack: Stack) -> FrontDoor | None:
    """Read the Service that leads to Synapse; None where the stack declares none."""
    service = next(iter(synapse_services(stack)), None)
    if service is None:
        return None
    namespace = service.namespace or case.namespace
    url = next((url for config in stack.homeservers if (url := real_public_baseurl(config))), "")
    raw = case.cluster.get(SERVICE, service.name, namespace)
    if raw is None:
        return FrontDoor(namespace, service.name, None, url)
    found = [port.get("nodePort") for port in (raw.get("spec") or {}).get("ports") or ()]
    return FrontDoor(namespace, service.name, [port for port in found if isinstance(port, int)], url)


def judge_door(door: FrontDoor) -> Iterator[Finding]:
    """Yield what is wrong with it; a proxy in front of the nodes has ports of its own."""
    place = live_place("Service", door.namespace, door.name)
    if door.ports is None:
        yield MISSING.at(place, "is not in the cluster", "matrix-secrets cluster reconcile")
        return
    url = read_url(door.url) if door.url else None
    if url is not None and url.port in _NODE_PORTS and door.ports and url.port not in door.ports:
        numbers = " and ".join(map(str, door.ports))
        message = f"has nodePort {numbers}, and public_baseurl is {door.url}"
        yield OTHER_PORT.at(place, message, "matrix-secrets cluster reconcile")
