"""How new pods take over: digests that restart Synapse, and strategies that never run two pods on one volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error, warning
from matrix_secrets.manifests.nodes import child, find, text_at
from matrix_secrets.stack.digests import digests
from matrix_secrets.stack.services import synapse_workloads
from matrix_secrets.stack.workloads import Workload, items, workloads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding
    from matrix_secrets.stack.model import Stack

NO_DIGEST: Final = warning(
    "digest-missing",
    "The pod template has no digest of what the pods consume: a changed value reaches them only by hand.",
    "`matrix-secrets encrypt` writes it.",
)
STALE: Final = error(
    "digest-stale",
    "A digest in the pod template is not that of today's values: they were changed without it, and the pods go on "
    "with the old ones.",
    "`matrix-secrets encrypt` renews it.",
)
POSTGRES: Final = warning(
    "postgres-strategy",
    "PostgreSQL's Deployment would start a second pod on the same data directory before the first one ends.",
    "`matrix-secrets seal` gives it `strategy: {type: Recreate}`. By hand on a deployed one: first `{type: "
    "RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}`, in a push of its own.",
)
SYNAPSE: Final = warning(
    "synapse-strategy",
    "Synapse's Deployment would run two Synapses on the same volume and database during an update.",
    "As for postgres-strategy.",
)
KINDS: Final = (NO_DIGEST, STALE, POSTGRES, SYNAPSE)

_STRATEGY: Final = ("spec", "strategy")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the roll-out of each workload, as far as the stack's files can be read."""
    for stack in subject.stacks:
        yield from _digests(subject, stack)
        synapse = [workload.resource for workload in synapse_workloads(stack)]
        for workload in workloads(stack.streams):
            kind = POSTGRES if workload.is_database else SYNAPSE if workload.resource in synapse else None
            if kind is not None and _shares_a_volume(workload):
                fix = f"{subject.command('seal', stack)}, which gives it strategy Recreate"
                message = "an update starts the new pod while the old one still has the volume"
                yield kind.at(workload.resource.place(*_STRATEGY), message, fix)


def _digests(subject: Subject, stack: Stack) -> Iterator[Finding]:
    encrypted = {file.file for file in stack.files if file.encrypted}
    for digest in digests(stack.streams, encrypted, stack.restarts):
        name = digest.workload.resource.label
        fix = subject.command("encrypt", stack)
        if digest.found is not None and digest.stale:
            message = f"{name} would not be restarted: the digest is not that of the values in Git"
            yield STALE.at(digest.place, message, fix)
        elif digest.stale and encrypted:
            yield NO_DIGEST.at(digest.place, f"{name} is not restarted when a value changes", fix)


def _shares_a_volume(workload: Workload) -> bool:
    """Whether it is a Deployment with a claim, and its strategy lets the new pod start before the old one ends."""
    if workload.resource.kind != "Deployment":
        return False
    volumes = items(find(workload.template, ("spec", "volumes")))
    if not any(child(volume, "persistentVolumeClaim") for volume in volumes):
        return False
    root = workload.resource.root
    if text_at(root, (*_STRATEGY, "type")) == "Recreate" or text_at(root, ("spec", "replicas")) == "0":
        return False
    return text_at(root, (*_STRATEGY, "rollingUpdate", "maxSurge")) not in {"0", "0%"}
