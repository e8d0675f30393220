"""Questions to a cluster, each answered with snapshots. All raise OutsideError (failures.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cluster.flux import LiveKustomization, LiveSource, live_kustomization, live_source
from matrix_secrets.cluster.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    GIT_REPOSITORY,
    KUSTOMIZATION,
    POD,
    SECRET,
    STATEFUL_SET,
)
from matrix_secrets.cluster.objects import LiveConfigMap, LiveSecret, live_config_map, live_secret
from matrix_secrets.cluster.workloads import LivePod, LiveWorkload, live_pod, live_workload

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection

_TAIL = 200  # lines of a log


def read_secret(cluster: Connection, namespace: str, name: str) -> LiveSecret | None:
    """Return a Secret, None where there is none."""
    found = cluster.get(SECRET, name, namespace)
    return None if found is None else live_secret(found)


def read_config_map(cluster: Connection, namespace: str, name: str) -> LiveConfigMap | None:
    """Return a ConfigMap, None where there is none."""
    found = cluster.get(CONFIG_MAP, name, namespace)
    return None if found is None else live_config_map(found)


def read_kustomization(cluster: Connection, namespace: str, name: str) -> LiveKustomization | None:
    """Return a Flux Kustomization, None where there is none."""
    found = cluster.get(KUSTOMIZATION, name, namespace)
    return None if found is None else live_kustomization(found)


def list_kustomizations(cluster: Connection, namespace: str | None = None) -> list[LiveKustomization]:
    """Return the Flux Kustomizations of a namespace, or (None) of the cluster."""
    return [live_kustomization(found) for found in cluster.list(KUSTOMIZATION, namespace)]


def read_source(cluster: Connection, namespace: str, name: str) -> LiveSource | None:
    """Return a GitRepository, None where there is none."""
    found = cluster.get(GIT_REPOSITORY, name, namespace)
    return None if found is None else live_source(found)


def read_deployment(cluster: Connection, namespace: str, name: str) -> LiveWorkload | None:
    """Return a Deployment, None where there is none."""
    found = cluster.get(DEPLOYMENT, name, namespace)
    return None if found is None else live_workload(found, DEPLOYMENT.name)


def read_stateful_set(cluster: Connection, namespace: str, name: str) -> LiveWorkload | None:
    """Return a StatefulSet, None where there is none."""
    found = cluster.get(STATEFUL_SET, name, namespace)
    return None if found is None else live_workload(found, STATEFUL_SET.name)


def list_pods(cluster: Connection, namespace: str, selector: str = "") -> list[LivePod]:
    """Return the pods that a label selector (a workload's ``selector``) chooses, the newest first."""
    pods = [live_pod(found) for found in cluster.list(POD, namespace, selector)]
    return sorted(pods, key=lambda pod: str(pod.created), reverse=True)


def read_log(
    cluster: Connection, pod: LivePod, container: str, *, previous: bool = False, lines: int = _TAIL
) -> str | None:
    """Return the last lines of a container's log, None where there is none: to recognise symptoms, never to repeat.

    ``previous`` asks for the run before its last restart.
    """
    query = {"container": container, "tailLines": str(lines), "previous": "true" if previous else "false"}
    return cluster.text(POD, pod.name, pod.namespace, "log", **query)
