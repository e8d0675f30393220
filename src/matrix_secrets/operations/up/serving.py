"""The stack as it runs: the database accepts Git's password, all pods are ready, Synapse and Element answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.portforward import ask_pod
from matrix_secrets.cluster.reading import list_pods, read_deployment, read_stateful_set
from matrix_secrets.cluster.rolepassword import read_verifier, set_verifier
from matrix_secrets.cluster.verifier import accepts, make_verifier
from matrix_secrets.errors import OutsideError
from matrix_secrets.operations.newpods import new_pods
from matrix_secrets.operations.rotation.livedatabase import database_workload, find_role, prove
from matrix_secrets.stack.declarations import POSTGRES_PASSWORD
from matrix_secrets.stack.elementconfig import BASE_URL, SERVER_NAME
from matrix_secrets.stack.homeserver import PUBLIC_BASEURL
from matrix_secrets.stack.homeserver import SERVER_NAME as OWN_NAME
from matrix_secrets.stack.workloads import workloads

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import LivePod, LiveWorkload
    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.operations.reconcile import Watch
    from matrix_secrets.operations.rotation.site import Site
    from matrix_secrets.operations.synapsepod import Synapse
    from matrix_secrets.stack.model import Stack

_READ: Final = {"Deployment": read_deployment, "StatefulSet": read_stateful_set}
_ELEMENT_PORT: Final = 80


def heal_database(watch: Watch, site: Site, stack: Stack) -> bool:
    """Make the database accept the password that Git holds; return whether it did not.

    A PostgreSQL that Flux started with the placeholders has one of them for ever otherwise. Waits for its pod. Raises
    OutsideError where it lets nobody in, or everybody.
    """
    resource = database_workload(stack).resource
    while not _ready_pods(site, stack, resource):
        watch.wait(f"waiting for {resource.label}", "")
    password = next(secret for secret in stack.managed if secret.name == POSTGRES_PASSWORD.name).values[0]
    role = find_role(site, stack)
    healed = not accepts(read_verifier(role), password, role.name)
    if healed:
        set_verifier(role, make_verifier(password))
    if not prove(role, password):
        raise OutsideError(
            f"PostgreSQL does not let {role.name} in with the password that Git holds",
            hint="look at pg_hba.conf: it must end with: host all all all scram-sha-256",
        )
    return healed


def until_settled(watch: Watch, site: Site, stack: Stack) -> list[str]:
    """Wait until every Deployment and StatefulSet of the stack runs what its manifest says; return their names."""
    found = [each.resource for each in workloads(stack.streams) if each.resource.kind in _READ]
    for resource in found:
        while (why := _unsettled(site, stack, resource)) is not None:
            watch.wait(f"waiting for {resource.label}: {why}", "")
    return [resource.name for resource in found]


def check_synapse(cluster: Connection, synapse: Synapse, pod: LivePod) -> str:
    """Ask Synapse for its health and the versions it speaks. Raises OutsideError where it has no good answer."""
    health = ask_pod(cluster, pod, synapse.port, "GET", "/health")
    versions = ask_pod(cluster, pod, synapse.port, "GET", "/_matrix/client/versions")
    if health.status != 200 or versions.status != 200:
        raise OutsideError(
            f"{synapse.label} answers {health.status} to /health and {versions.status} to /_matrix/client/versions",
            hint=f"kubectl{cluster.option} -n {synapse.namespace} logs {synapse.kind.lower()}/{synapse.name}",
        )
    known = _json(versions.body).get("versions")
    newest = known[-1] if isinstance(known, list) and known and isinstance(known[-1], str) else "its versions"
    return f"/health 200, speaks Matrix up to {newest[:12]}"


def check_element(site: Site, stack: Stack) -> str | None:
    """Compare the config.json that Element serves with Synapse's own words; None where the stack has no Element.

    Raises OutsideError where it is not served, or leads elsewhere.
    """
    config = stack.homeservers[0]
    for element in stack.elements:
        holder = element.entry.resource
        for workload in workloads(stack.streams):
            if not workload.consumes(holder.kind, holder.name, holder.namespace):
                continue
            pods = _ready_pods(site, stack, workload.resource)
            if not pods:
                continue
            answer = ask_pod(site.cluster, pods[0], _ELEMENT_PORT, "GET", "/config.json")
            served = _json(answer.body)
            found = [_at(served, tuple(map(str, path))) for path in (BASE_URL, SERVER_NAME)]
            wanted = [config.text(PUBLIC_BASEURL), config.text(OWN_NAME)]
            if [(each or "").rstrip("/") for each in found] != [(each or "").rstrip("/") for each in wanted]:
                raise OutsideError(
                    f"Element serves a config.json that does not lead to this homeserver (status {answer.status})",
                    cause=f"it was started with another one than {element.file} has now",
                    hint=new_pods(workload, site.namespace(stack, workload.resource), site.cluster.option),
                )
            return f"config.json leads to {found[0]}, {found[1]}"
    return None


def _unsettled(site: Site, stack: Stack, resource: Resource) -> str | None:
    live = _live(site, stack, resource)
    if live is None:
        return "it is not there"
    return None if live.settled and live.ready else f"{live.ready} of {live.replicas} pods are ready"


def _ready_pods(site: Site, stack: Stack, resource: Resource) -> list[LivePod]:
    live = _live(site, stack, resource)
    if live is None:
        return []
    pods = list_pods(site.cluster, site.namespace(stack, resource), live.selector)
    return [pod for pod in pods if pod.ready]


def _live(site: Site, stack: Stack, resource: Resource) -> LiveWorkload | None:
    return _READ[resource.kind](site.cluster, site.namespace(stack, resource), resource.name)


def _json(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _at(found: object, path: tuple[str, ...]) -> str | None:
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None
