"""Strategy Recreate in a cluster whose Flux never applied the step before it: what Git says, put there directly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.kinds import DEPLOYMENT
from matrix_secrets.cluster.reading import read_deployment
from matrix_secrets.cluster.writing import merge
from matrix_secrets.stack.strategy import Strategy, strategy_of
from matrix_secrets.stack.workloads import workloads

if TYPE_CHECKING:
    from matrix_secrets.operations.rotation.site import Site
    from matrix_secrets.stack.model import Stack

# What nobody owns, Flux cannot take away: spec.strategy.rollingUpdate: Forbidden.
_RECREATE: Final = {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}


def let_recreate(site: Site, stack: Stack) -> list[str]:
    """Give Recreate to the Deployments that have it in Git, and which Flux cannot change; return their names.

    Those are what another cluster's run brought to Recreate, in two pushes that this one saw as one. No pod restarts.
    Raises OutsideError.
    """
    changed: list[str] = []
    for workload in workloads(stack.streams):
        resource = workload.resource
        if strategy_of(resource) is not Strategy.RECREATE:
            continue
        live = read_deployment(site.cluster, site.namespace(stack, resource), resource.name)
        if live is not None and not live.never_two:
            merge(site.cluster, DEPLOYMENT, live.namespace, live.name, _RECREATE)
            changed.append(live.name)
    return changed
