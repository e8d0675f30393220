"""The Synapse of a stack as it runs: its workload, the pod that serves, the port it listens on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.reading import list_pods, read_deployment, read_stateful_set
from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.manifests.nodes import find, text_at
from matrix_secrets.records import dataclass
from matrix_secrets.stack.annotations import TEMPLATE_ANNOTATIONS
from matrix_secrets.stack.digests import CONFIG_DIGEST, SECRET_DIGEST
from matrix_secrets.stack.namespaces import namespace_of
from matrix_secrets.stack.services import listener_ports, synapse_workloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import LivePod, LiveWorkload
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workloads import Workload
    from matrix_secrets.stack.workspace import Workspace

_PAUSE: Final = 1.0  # seconds
_WORKER: Final = "SYNAPSE_WORKER"  # https://github.com/element-hq/synapse/blob/develop/docker/start.py


@dataclass(frozen=True, slots=True)
class Synapse:
    """Where the manifests say that Synapse's main process runs. ``wanted`` are its digests, as they stand there."""

    kind: str
    name: str
    namespace: str
    port: int
    wanted: dict[str, str]

    @property
    def label(self) -> str:
        """``Deployment/synapse in matrix``."""
        return f"{self.kind}/{self.name} in {self.namespace}"

    def rollout(self, cluster: Connection) -> str:
        """The kubectl command that waits for its pods."""
        return f"kubectl{cluster.option} -n {self.namespace} rollout status {self.kind.lower()}/{self.name}"


def synapse_of(workspace: Workspace, stack: Stack) -> Synapse:
    """Find Synapse in the manifests. Raises RefusedError where no workload there reads the homeserver.yaml."""
    found = [each for each in synapse_workloads(stack) if each.resource.kind in {"Deployment", "StatefulSet"}]
    main = next((each for each in found if _WORKER not in each.environment()), None)
    if main is None:
        raise RefusedError(
            f"{stack.label} has no Deployment or StatefulSet that runs Synapse",
            hint="name the directory that has it: --stack DIR",
        )
    resource = main.resource
    namespace = namespace_of(workspace, stack, resource)
    return Synapse(resource.kind, resource.name, namespace, listener_ports(stack)[0], _digests(main))


def live(cluster: Connection, synapse: Synapse) -> LiveWorkload | None:
    """Return its workload in the cluster, None where there is none. Raises OutsideError."""
    read = read_stateful_set if synapse.kind == "StatefulSet" else read_deployment
    return read(cluster, synapse.namespace, synapse.name)


def rolled_out(cluster: Connection, synapse: Synapse, *, timeout: float, told: Callable[[str], None]) -> LivePod:
    """Wait until the pods are of the template that the manifests have, and return one that serves.

    ``timeout`` is in seconds; ``told`` hears what it waits for. Raises OutsideError when the time is up.
    """
    ends = time.monotonic() + timeout
    while True:
        waiting, pod = _standing(cluster, synapse)
        if pod is not None and not waiting:
            return pod
        if time.monotonic() >= ends:
            raise OutsideError(
                f"{cluster.where}: {synapse.label} is not up: {waiting}",
                hint=f"kubectl{cluster.option} -n {synapse.namespace} describe pods; then run the command again",
            )
        told(f"waiting for {synapse.label}: {waiting}")
        time.sleep(_PAUSE)


def serving(cluster: Connection, synapse: Synapse) -> LivePod:
    """Return a pod that serves, of whatever template. Raises OutsideError where there is none."""
    workload = live(cluster, synapse)
    pods = list_pods(cluster, synapse.namespace, workload.selector) if workload is not None else []
    pod = next((each for each in pods if each.ready), None)
    if pod is None:
        what = "does not exist" if workload is None else "has no pod that is ready"
        raise OutsideError(
            f"{cluster.where}: {synapse.label} {what}",
            hint=f"kubectl{cluster.option} -n {synapse.namespace} get pods; once one is ready, run the command again",
        )
    return pod


def _standing(cluster: Connection, synapse: Synapse) -> tuple[str, LivePod | None]:
    """Return what is still to come, empty for nothing, and a pod that serves."""
    workload = live(cluster, synapse)
    if workload is None:
        return "it is not there", None
    if any(workload.annotations.get(name) != value for name, value in synapse.wanted.items()):
        return "Flux has not applied its new configuration yet", None
    pods = list_pods(cluster, synapse.namespace, workload.selector)
    ready = next((pod for pod in pods if pod.ready), None)
    if any(pod.ending for pod in pods):
        return "its old pod is still ending", ready
    if not workload.settled or ready is None:
        return "its new pod is not ready yet", ready
    return "", ready


def _digests(workload: Workload) -> dict[str, str]:
    annotations = find(workload.resource.root, TEMPLATE_ANNOTATIONS)
    found = {name: text_at(annotations, (name,)) for name in (CONFIG_DIGEST, SECRET_DIGEST)}
    return {name: value for name, value in found.items() if value is not None}
