"""Emptying a cluster between tests, without waiting for what would end in its own time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.testbed.api import Api

BUILT_IN = {"default", "kube-node-lease", "kube-public", "kube-system"}
# Owners before what they own, which would come back otherwise.
FLUX = ("kustomize.toolkit.fluxcd.io/v1/Kustomization", "source.toolkit.fluxcd.io/v1/GitRepository")
OWNERS = ("apps/v1/Deployment", "apps/v1/StatefulSet", "apps/v1/DaemonSet", "batch/v1/CronJob", "batch/v1/Job")
REPLICAS = ("apps/v1/ReplicaSet",)


def clear(api: Api) -> None:
    """Delete what tests made in every namespace that is not Kubernetes' own, and those namespaces, at once.

    The caller has stopped whoever would make it again: kustomize-controller, and what runs for pods.
    """
    first = {*FLUX, *OWNERS, *REPLICAS}
    rest = tuple(kind for kind in api.kinds("list", "delete") if kind not in first)
    with ThreadPoolExecutor(8) as pool:
        for kinds in (FLUX, OWNERS, REPLICAS, rest):
            list(pool.map(lambda kind: _delete_all(api, kind), kinds))
    for volume in api.list("v1/PersistentVolume"):
        _delete(api, "v1/PersistentVolume", volume["metadata"]["name"], None)
    for name in namespaces(api):
        api.delete("v1/Namespace", name)
        api.finalize_namespace(name)  # what does it otherwise waits for five seconds


def namespaces(api: Api) -> list[str]:
    """The namespaces that tests made."""
    return [name for one in api.list("v1/Namespace") if (name := one["metadata"]["name"]) not in BUILT_IN]


def _delete_all(api: Api, kind: str) -> None:
    for found in api.list(kind):
        meta = found["metadata"]
        if meta.get("namespace", "default") not in BUILT_IN:
            _delete(api, kind, meta["name"], meta["namespace"])


def _delete(api: Api, kind: str, name: str, namespace: str | None) -> None:
    left = api.delete(kind, name, namespace, gracePeriodSeconds=0, propagationPolicy="Background")
    if left.get("metadata", {}).get("finalizers"):
        api.release(kind, name, namespace)
