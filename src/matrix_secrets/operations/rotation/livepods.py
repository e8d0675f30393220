"""The pods that a rotation restarts: told apart by the digests in their annotations, old ones from new ones."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.reading import list_pods, read_deployment, read_stateful_set
from matrix_secrets.errors import OutsideError
from matrix_secrets.manifests.nodes import find
from matrix_secrets.operations.rotation.world import Side
from matrix_secrets.records import dataclass
from matrix_secrets.stack.annotations import TEMPLATE_ANNOTATIONS
from matrix_secrets.stack.digests import CONFIG_DIGEST, SECRET_DIGEST
from matrix_secrets.stack.workloads import Workload, texts, workloads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import LivePod, LiveWorkload
    from matrix_secrets.operations.rotation.site import Site
    from matrix_secrets.stack.model import Stack

_ENDED: Final = frozenset({"Succeeded", "Failed"})  # evicted, say: nothing runs there any more

Digests = dict[str, str]


@dataclass(frozen=True, slots=True)
class Restarting:
    """A workload whose pods restart, with the digests of both sides."""

    kind: str
    name: str
    namespace: str
    old: Digests = field(repr=False)
    new: Digests = field(repr=False)

    @property
    def label(self) -> str:
        """``Deployment/synapse``."""
        return f"{self.kind}/{self.name}"

    def side_of(self, pod: LivePod) -> Side:
        """Say with which values a pod was made."""
        found = _digests(pod.annotations)
        return Side.NEW if found == self.new else Side.OLD if found == self.old else Side.OTHER


def restarting(site: Site, old: Stack, new: Stack) -> list[Restarting]:
    """Return the workloads whose digests differ between two commits."""
    before = _digests_of(site, old)
    return [
        Restarting(kind, name, namespace, before.get((kind, name, namespace), {}), digests)
        for (kind, name, namespace), digests in _digests_of(site, new).items()
        if digests != before.get((kind, name, namespace), {})
    ]


def live_workload_of(cluster: Connection, each: Restarting) -> LiveWorkload:
    """Return it as it runs. Raises OutsideError where the cluster has none."""
    return running(cluster, each.kind, each.namespace, each.name)


def running(cluster: Connection, kind: str, namespace: str, name: str) -> LiveWorkload:
    """Return a workload as it runs. Raises OutsideError where the cluster has none."""
    read = read_stateful_set if kind == "StatefulSet" else read_deployment
    found = read(cluster, namespace, name)
    if found is None:
        text = f"{cluster.where} has no {kind}/{name} in {namespace}"
        raise OutsideError(text, hint=f"kubectl{cluster.option} get all -n {namespace}")
    return found


def side_of_pods(cluster: Connection, found: Sequence[Restarting]) -> Side | None:
    """Say of which side all pods are, ready and alone; None where none has to restart. Raises OutsideError."""
    sides = {side for each in found if (side := _side(cluster, each)) is not None}
    return next(iter(sides)) if len(sides) == 1 else (Side.OTHER if sides else None)


def serving_pods(site: Site, stack: Stack, found: Sequence[Workload]) -> list[LivePod] | None:
    """Return the pods of some workloads that are ready, the newest first; None where none is meant to run.

    Raises OutsideError.
    """
    pods: list[LivePod] = []
    wanted = 0
    for workload in found:
        resource = workload.resource
        namespace = site.namespace(stack, resource)
        live = running(site.cluster, resource.kind, namespace, resource.name)
        wanted += live.replicas
        pods += [pod for pod in list_pods(site.cluster, namespace, live.selector) if pod.ready]
    return sorted(pods, key=lambda pod: str(pod.created), reverse=True) if wanted else None


def _side(cluster: Connection, each: Restarting) -> Side | None:
    workload = live_workload_of(cluster, each)
    if workload.replicas == 0:
        return None
    pods = [pod for pod in list_pods(cluster, each.namespace, workload.selector) if pod.phase not in _ENDED]
    if len(pods) != workload.replicas or not all(pod.ready for pod in pods):
        return Side.OTHER
    sides = {each.side_of(pod) for pod in pods}
    return next(iter(sides)) if len(sides) == 1 else Side.OTHER


def _digests_of(site: Site, stack: Stack) -> dict[tuple[str, str, str], Digests]:
    found: dict[tuple[str, str, str], Digests] = {}
    for workload in workloads(stack.streams):
        if not workload.is_database:
            resource = workload.resource
            key = (resource.kind, resource.name, site.namespace(stack, resource))
            found[key] = _digests(_annotations(workload))
    return found


def _annotations(workload: Workload) -> Mapping[str, str]:
    return texts(find(workload.resource.root, TEMPLATE_ANNOTATIONS))


def _digests(annotations: Mapping[str, str]) -> Digests:
    return {name: annotations[name] for name in (CONFIG_DIGEST, SECRET_DIGEST) if name in annotations}
