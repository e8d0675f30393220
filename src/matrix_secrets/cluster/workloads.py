"""Snapshots of what runs: Deployments, StatefulSets, pods."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from matrix_secrets.cluster.objects import Condition, conditions, moment
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from matrix_secrets.cluster.objects import Object


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod template."""

    name: str
    image: str
    args: tuple[str, ...]

    @property
    def tag(self) -> str:
        """The image's tag: ``v1.9.5``; empty where a digest alone names it."""
        name = self.image.partition("@")[0]
        return name.rpartition(":")[2] if ":" in name.rpartition("/")[2] else ""


@dataclass(frozen=True, slots=True)
class LiveWorkload:
    """A Deployment or StatefulSet. ``strategy`` is ``Recreate``, ``RollingUpdate`` or ``OnDelete``.

    ``surge`` is how many pods a rolling update starts before it ends old ones: ``25%``, ``0``; empty without one.
    """

    kind: str
    name: str
    namespace: str
    replicas: int
    ready: int
    updated: int
    generation: int
    observed_generation: int
    strategy: str
    surge: str
    selector: str
    annotations: Mapping[str, str]
    containers: tuple[Container, ...]
    claims: tuple[str, ...]
    conditions: tuple[Condition, ...] = field(repr=False)

    @property
    def never_two(self) -> bool:
        """Whether an old pod is gone before a new one starts; a StatefulSet's always is."""
        return self.kind != "Deployment" or self.strategy == "Recreate" or self.surge in {"0", "0%"}

    @property
    def settled(self) -> bool:
        """Whether all its pods are of the present template, and ready."""
        return self.observed_generation >= self.generation and self.replicas == self.updated == self.ready


@dataclass(frozen=True, slots=True)
class ContainerState:
    """A container as it runs. ``waiting`` is a reason (``CrashLoopBackOff``); ``ended`` that of its last end."""

    name: str
    ready: bool
    restarts: int
    waiting: str
    ended: str
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class LivePod:
    """A pod; ``ending`` says that it is being deleted."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    phase: str
    created: datetime | None
    started: datetime | None
    ending: bool
    address: str
    node: str
    owner: str
    claims: tuple[str, ...]
    containers: tuple[ContainerState, ...]
    init_containers: tuple[ContainerState, ...]
    conditions: tuple[Condition, ...] = field(repr=False)

    @property
    def ready(self) -> bool:
        """Whether it serves."""
        return not self.ending and any(each.type == "Ready" and each.status == "True" for each in self.conditions)


def live_workload(found: Object, kind: str) -> LiveWorkload:
    """Make a snapshot of a Deployment or StatefulSet as the API server sent it."""
    meta, spec, status = found["metadata"], found["spec"], found.get("status") or {}
    template = spec["template"]
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    return LiveWorkload(
        kind=kind,
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        replicas=int(spec.get("replicas", 1)),
        ready=int(status.get("readyReplicas") or 0),
        updated=int(status.get("updatedReplicas") or 0),
        generation=int(meta.get("generation", 0)),
        observed_generation=int(status.get("observedGeneration", -1)),
        strategy=(spec.get("strategy") or spec.get("updateStrategy") or {}).get("type", "RollingUpdate"),
        surge=str(((spec.get("strategy") or {}).get("rollingUpdate") or {}).get("maxSurge", "")),
        selector=",".join(f"{key}={value}" for key, value in sorted(labels.items())),
        annotations=dict((template.get("metadata") or {}).get("annotations") or {}),
        containers=tuple(
            Container(each["name"], each.get("image", ""), tuple(each.get("args") or ()))
            for each in template["spec"].get("containers") or ()
        ),
        claims=_claims(template["spec"]),
        conditions=conditions(found),
    )


def live_pod(found: Object) -> LivePod:
    """Make a snapshot of a pod as the API server sent it."""
    meta, spec, status = found["metadata"], found["spec"], found.get("status") or {}
    owners = meta.get("ownerReferences") or ()
    return LivePod(
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        labels=dict(meta.get("labels") or {}),
        annotations=dict(meta.get("annotations") or {}),
        phase=status.get("phase", ""),
        created=moment(meta.get("creationTimestamp")),
        started=moment(status.get("startTime")),
        ending=bool(meta.get("deletionTimestamp")),
        address=status.get("podIP", ""),
        node=spec.get("nodeName", ""),
        owner=f"{owners[0]['kind']}/{owners[0]['name']}" if owners else "",
        claims=_claims(spec),
        containers=_states(status.get("containerStatuses") or ()),
        init_containers=_states(status.get("initContainerStatuses") or ()),
        conditions=conditions(found),
    )


def _claims(spec: Mapping[str, Any]) -> tuple[str, ...]:
    volumes = spec.get("volumes") or ()
    return tuple(each["persistentVolumeClaim"]["claimName"] for each in volumes if each.get("persistentVolumeClaim"))


def _states(found: Iterable[Mapping[str, Any]]) -> tuple[ContainerState, ...]:
    return tuple(_state(each) for each in found)


def _state(found: Mapping[str, Any]) -> ContainerState:
    now, last = found.get("state") or {}, found.get("lastState") or {}
    ended = now.get("terminated") or last.get("terminated") or {}
    return ContainerState(
        name=found["name"],
        ready=bool(found.get("ready")),
        restarts=int(found.get("restartCount") or 0),
        waiting=(now.get("waiting") or {}).get("reason", ""),
        ended=ended.get("reason", ""),
        exit_code=ended.get("exitCode"),
    )
