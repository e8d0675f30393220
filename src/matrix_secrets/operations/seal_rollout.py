"""The strategies of PostgreSQL and Synapse on the way to Recreate: at once, or on a deployed stack in two pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.findings import Finding, Severity
from matrix_secrets.records import dataclass
from matrix_secrets.stack.rewriting import Rewrite
from matrix_secrets.stack.strategy import STRATEGY, Strategy, can_become_recreate, strategy_edits, strategy_of
from matrix_secrets.stack.synapsepods import readers
from matrix_secrets.stack.workloads import Workload, workloads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.errors import Place
    from matrix_secrets.operations.deployment import Deployment
    from matrix_secrets.stack.model import Stack

FIRST_STEP: Final = "seal-first-step"
SECOND_STEP: Final = "seal-second-step"


@dataclass(frozen=True, slots=True)
class StrategyEdit:
    """An edit of a strategy, and what it is part of."""

    place: Place
    wanted: Strategy
    rewrite: Rewrite


@dataclass(frozen=True, slots=True)
class Rollout:
    """``waiting``: the first step has to be applied before the second can be taken, and before anything restarts."""

    edits: tuple[StrategyEdit, ...] = ()
    waiting: bool = False
    notes: tuple[Finding, ...] = ()


def rollout(stack: Stack, deployment: Deployment | None) -> Rollout:
    """Say which strategies to set now. ``deployment`` is what was published of the stack, None where nothing was.

    On a deployed stack a Deployment without both limits in Git gets those first, which restarts nothing; once that was
    published, Recreate. Raises BadManifestError.
    """
    edits: list[StrategyEdit] = []
    first: list[Place] = []
    second: list[Place] = []
    for workload in _one_pod_only(stack):
        resource, held = workload.resource, strategy_of(workload.resource)
        published = None if deployment is None else deployment.published(resource)
        ready = published is None or can_become_recreate(published)
        if held is None or (held is Strategy.RECREATE and ready):
            continue
        place = resource.place(*STRATEGY)
        wanted = Strategy.RECREATE if ready else Strategy.STEPPING
        if not ready:
            first.append(place)
        elif published is not None:
            second.append(place)
        if held is not wanted:
            edits.extend(StrategyEdit(place, wanted, Rewrite(place, each)) for each in strategy_edits(resource, wanted))
    return Rollout(tuple(edits), bool(first), tuple(_notes(stack, first, second)))


def _one_pod_only(stack: Stack) -> Iterator[Workload]:
    """Yield PostgreSQL and every Synapse: of none may two pods run at once."""
    synapses = {id(each.resource.document) for config in stack.homeservers for each in readers(config, stack.streams)}
    for workload in workloads(stack.streams):
        if workload.is_database or id(workload.resource.document) in synapses:
            yield workload


def _notes(stack: Stack, first: list[Place], second: list[Place]) -> Iterator[Finding]:
    if first:
        text = (
            f"step 1 of 2 for {stack.label}, which is deployed: only how pods are replaced changes, and nothing "
            "restarts. Flux refuses strategy Recreate before it has applied this"
        )
        fix = (
            "commit and push; once Flux has applied it, which matrix-secrets cluster reconcile waits for: "
            "matrix-secrets seal, again (if the stack never ran: --fresh)"
        )
        yield Finding(FIRST_STEP, Severity.WARNING, first[0], text, fix)
    elif second:
        text = f"step 2 of 2 for {stack.label}: Flux takes strategy Recreate only if it has applied step 1"
        fix = "push this once it has: matrix-secrets cluster reconcile waits for that"
        yield Finding(SECOND_STEP, Severity.WARNING, second[0], text, fix)
