"""How far Flux has come with a Kustomization, told from its conditions (kustomize-controller 1.9)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.flux import commit_of

if TYPE_CHECKING:
    from matrix_secrets.cluster.flux import LiveKustomization

_HEALTH_FAILED: Final = "HealthCheckFailed"
_RECONCILING: Final = "Reconciling"
_WAITING: Final = re.compile(r"Running health checks for revision (\S+)")


def in_cluster(owner: LiveKustomization) -> str:
    """Return the commit whose manifests the cluster holds, empty where there is none.

    With ``wait: true`` Flux calls a revision applied once everything in it is healthy: until then it is there all the
    same.
    """
    return commit_of(_waited_for(owner) or owner.applied)


def awaits_health(owner: LiveKustomization) -> bool:
    """Whether a commit is in the cluster, and Flux waits, or waited in vain, for its pods to become healthy."""
    return bool(_waited_for(owner))


def in_progress(owner: LiveKustomization) -> bool:
    """Whether Flux is working on it at this moment."""
    return any(each.type == _RECONCILING and each.status == "True" for each in owner.conditions)


def _waited_for(owner: LiveKustomization) -> str:
    for each in owner.conditions:
        if each.type == _RECONCILING and (found := _WAITING.search(each.message)):
            return found[1]
    failed = owner.ready is not None and owner.ready.status == "False" and owner.ready.reason == _HEALTH_FAILED
    return owner.attempted if failed else ""
