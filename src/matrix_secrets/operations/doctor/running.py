"""What runs of the stack: its workloads and their pods, read from the cluster with what their logs show."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.failures import ForbiddenError, InvalidError
from matrix_secrets.cluster.kinds import CONFIG_MAP, EVENT, POD, SECRET
from matrix_secrets.cluster.objects import moment
from matrix_secrets.cluster.reading import read_deployment, read_log, read_stateful_set
from matrix_secrets.cluster.workloads import live_pod
from matrix_secrets.operations.doctor.symptoms import recognise
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import ContainerState, LivePod, LiveWorkload
    from matrix_secrets.operations.doctor.case import Case
    from matrix_secrets.operations.doctor.symptoms import Recognised, Symptom
    from matrix_secrets.stack.workloads import Workload

_DATA_FIELDS: Final = frozenset({"f:data", "f:stringData", "f:binaryData"})


@dataclass(frozen=True, slots=True)
class PodState:
    """A pod. ``shown`` is what the log of a container that does not run means; ``event`` the last warning about it."""

    pod: LivePod
    annotations: Mapping[str, str] = field(default_factory=dict)
    shown: Recognised | None = None
    event: str = ""

    @property
    def ailing(self) -> ContainerState | None:
        """The container that keeps it from being ready: one that waits, or that has ended."""
        states = (*self.pod.init_containers, *self.pod.containers)
        return next((each for each in states if not each.ready and (each.waiting or each.ended or each.restarts)), None)


@dataclass(frozen=True, slots=True)
class Running:
    """A workload that the stack declares; ``live`` is None without it. Pods stand the newest first.

    ``changed`` tells, of the ConfigMaps and Secrets that its pods consume, when their contents changed last.
    """

    kind: str
    namespace: str
    name: str
    live: LiveWorkload | None
    pods: tuple[PodState, ...] = ()
    changed: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """``deployment/synapse``, as kubectl takes it."""
        return f"{self.kind.lower()}/{self.name}"

    @property
    def ready(self) -> LivePod | None:
        """A pod that serves."""
        return next((each.pod for each in self.pods if each.pod.ready), None)


def running(case: Case, workload: Workload, symptoms: Sequence[Symptom]) -> Running:
    """Read a workload of the stack and its pods."""
    resource, cluster = workload.resource, case.cluster
    namespace = resource.namespace or case.namespace
    read = read_stateful_set if resource.kind == "StatefulSet" else read_deployment
    live = read(cluster, namespace, resource.name)
    if live is None:
        return Running(resource.kind, namespace, resource.name, None)
    found = sorted(cluster.list(POD, namespace, live.selector), key=_created, reverse=True)
    pods = tuple(_state(cluster, live_pod(raw), raw, symptoms) for raw in found)
    changed = dict(_changes(cluster, namespace, workload)) if pods else {}
    return Running(resource.kind, namespace, resource.name, live, pods, changed)


def _state(cluster: Connection, pod: LivePod, raw: Mapping[str, object], symptoms: Sequence[Symptom]) -> PodState:
    meta = raw["metadata"]
    annotations = meta.get("annotations") or {} if isinstance(meta, dict) else {}
    state = PodState(pod, dict(annotations))
    if pod.ready or pod.ending:
        return state
    ailing = state.ailing
    shown = None if ailing is None else _shown(cluster, pod, ailing, symptoms)
    return PodState(pod, state.annotations, shown, "" if shown is not None else _event(cluster, pod))


def _shown(
    cluster: Connection, pod: LivePod, container: ContainerState, symptoms: Sequence[Symptom]
) -> Recognised | None:
    """Look through the log of this run, then through that of the run before its last restart."""
    for previous in (False, True) if container.restarts else (False,):
        try:
            log = read_log(cluster, pod, container.name, previous=previous)
        except InvalidError:  # what the API server says of a container that has not begun
            continue
        found = recognise(log, symptoms) if log else None
        if found is not None:
            return found
    return None


def _event(cluster: Connection, pod: LivePod) -> str:
    """The newest warning about a pod: the kubelet's and the scheduler's words, which name objects and no values."""
    try:
        events = cluster.list(EVENT, pod.namespace)
    except ForbiddenError:
        return ""
    found = [
        event
        for event in events
        if event.get("type") == "Warning" and (event.get("involvedObject") or {}).get("name") == pod.name
    ]
    last = max(found, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""), default=None)
    return "" if last is None else f"{last.get('reason', '')}: {last.get('message', '')}"


def _changes(cluster: Connection, namespace: str, workload: Workload) -> Iterator[tuple[str, datetime]]:
    """Tell when each ConfigMap and Secret got the contents it has, from what its field managers say."""
    for kind, name in sorted({(each.kind, each.name) for each in workload.references()}):
        raw = cluster.get(SECRET if kind == "Secret" else CONFIG_MAP, name, namespace)
        meta = (raw or {}).get("metadata") or {}
        times = [
            moment(each.get("time"))
            for each in meta.get("managedFields") or ()
            if _DATA_FIELDS & set(each.get("fieldsV1") or ())
        ]
        known = [time for time in times if time is not None]
        if known:
            yield f"{kind}/{name}", max(known)


def _created(raw: Mapping[str, object]) -> str:
    meta = raw["metadata"]
    return str(meta.get("creationTimestamp", "")) if isinstance(meta, dict) else ""
