"""Flux asked to apply what was pushed, and watched until it has: this commit, not merely some state called Ready."""

from __future__ import annotations

import time
from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.flux import REQUESTED, LiveKustomization, LiveSource, ObjectName, commit_of
from matrix_secrets.cluster.kinds import GIT_REPOSITORY, KUSTOMIZATION
from matrix_secrets.cluster.reading import read_kustomization, read_source
from matrix_secrets.cluster.writing import annotate
from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.operations.goal import Goal

_POLL: Final = 1.0  # seconds
_AGAIN: Final = 10.0  # seconds after which a source is asked again: a pull request may have been merged
# These mend themselves: what a Kustomization waits for is asked for in order.
_WAITING: Final = frozenset({"DependencyNotReady", "ArtifactFailed", "Progressing"})


@dataclass(slots=True)
class Watch:
    """The cluster, the goal, and for how long (seconds).

    ``said`` is what is being waited for, ``branch`` what the source follows, once it was asked.
    """

    cluster: Connection
    goal: Goal
    timeout: float
    said: str = "asking Flux"
    branch: str = ""
    begun: float = field(default_factory=time.monotonic)

    def wait(self, what: str, controller: str) -> None:
        """Wait a moment for something. Raises OutsideError, with the controller's words, once the time is over."""
        self.said = f"{what}: {controller}" if controller else what
        left = self.begun + self.timeout - time.monotonic()
        if left <= 0:
            raise OutsideError(
                f"not within {self.timeout:.0f} s: {what}",
                cause=controller or None,
                hint="Flux goes on by itself; matrix-secrets cluster reconcile --timeout 10m waits longer",
            )
        time.sleep(min(_POLL, left))


@dataclass(frozen=True, slots=True)
class Reached:
    """An object that has come to the goal: what it did, and the revision that it is at."""

    name: ObjectName
    did: str
    revision: str


def reconciled(watch: Watch, sources: Sequence[ObjectName], chain: Sequence[ObjectName]) -> Iterator[Reached]:
    """Ask for one object after the other; yield each when it is there. Raises OutsideError as the functions below."""
    for name in sources:
        source = wait_for_source(watch, name)
        watch.branch = source.branch
        yield Reached(name, "fetched", source.artifact)
    for name in chain:
        yield Reached(name, "applied", wait_for_kustomization(watch, name).applied)


def wait_for_source(watch: Watch, name: ObjectName) -> LiveSource:
    """Ask a source to fetch, and wait until it offers the goal, or a commit with the goal in it.

    Raises OutsideError with the controller's message where it fails, where it is suspended, and after the deadline;
    RefusedError for a source that is no GitRepository.
    """
    asked_at, token = 0.0, ""
    while True:
        if time.monotonic() - asked_at > _AGAIN:
            asked_at, token = time.monotonic(), _request(watch.cluster, name)
        source = _source(watch.cluster, name)
        if watch.goal.reached_by(commit_of(source.artifact), source.branch):
            return source
        ready = source.ready
        if ready is not None and ready.status == "False" and source.handled == token:
            raise OutsideError(
                f"{name} on {watch.cluster.where} cannot fetch the repository",
                cause=ready.message,
                hint=f"mend that, then run the command again; kubectl{watch.cluster.option} -n {name.namespace} "
                f"describe gitrepository {name.name} tells more",
            )
        watch.wait(_awaited(watch.goal, source), ready.message if ready is not None and ready.status != "True" else "")


def wait_for_kustomization(watch: Watch, name: ObjectName) -> LiveKustomization:
    """Ask a Kustomization to apply, and wait until it is Ready on the goal.

    Raises OutsideError with the controller's message where it fails, where it is suspended, and after the deadline.
    """
    token = _request(watch.cluster, name)
    while True:
        found = read_kustomization(watch.cluster, name.namespace, name.name)
        if found is None or found.suspended:
            raise _gone(watch, name, suspended=found is not None)
        # Ready before it was asked is no answer: what was changed in the cluster is put back only now.
        reached = watch.goal.reached_by(commit_of(found.applied), watch.branch)
        if found.handled >= token and found.is_ready and reached:
            return found
        ready = found.ready
        said = ready.message if ready is not None else ""
        failed = ready is not None and ready.status == "False" and ready.reason not in _WAITING
        if failed and found.handled == token:
            raise OutsideError(
                f"{name} on {watch.cluster.where} failed on {commit_of(found.attempted)[:8] or watch.goal.short}",
                cause=said,
                hint="matrix-secrets doctor names the link that is broken; mend it, then run the command again",
            )
        watch.wait(f"waiting for {name} to apply {watch.goal.short}", said)


def _request(cluster: Connection, name: ObjectName) -> str:
    token = datetime.now(UTC).isoformat()
    kind = GIT_REPOSITORY if name.kind == GIT_REPOSITORY.name else KUSTOMIZATION
    annotate(cluster, kind, name.namespace, name.name, {REQUESTED: token})
    return token


def _source(cluster: Connection, name: ObjectName) -> LiveSource:
    source = read_source(cluster, name.namespace, name.name)
    if source is None:
        raise OutsideError(f"{name} does not exist on {cluster.where}", hint="flux bootstrap makes it")
    if source.suspended:
        raise OutsideError(
            f"{name} on {cluster.where} is suspended: it fetches nothing",
            hint=f"flux resume source git {name.name} -n {name.namespace}",
        )
    return source


def require_git(name: ObjectName) -> None:
    """Make sure that a source is a Git repository: no other can be compared with a commit. Raises RefusedError."""
    if name.kind != GIT_REPOSITORY.name:
        raise RefusedError(
            f"the stack's source is {name}, not a GitRepository: which commit it has cannot be told",
            hint=f"flux reconcile source {name.kind.lower()} {name.name} -n {name.namespace}",
        )


def _awaited(goal: Goal, source: LiveSource) -> str:
    if source.branch and source.branch != goal.branch:
        return (
            f"waiting for the pull request from {goal.branch} ({goal.short}) to be merged into {source.branch}, "
            f"which {source.ref} follows"
        )
    follows = source.branch or ", ".join(f"{key} {value}" for key, value in source.reference.items())
    return f"waiting for {source.ref} to fetch {goal.short} of {follows}"


def _gone(watch: Watch, name: ObjectName, *, suspended: bool) -> OutsideError:
    if suspended:
        text = f"{name} on {watch.cluster.where} is suspended: Flux applies nothing of it"
        return OutsideError(text, hint=f"flux resume kustomization {name.name} -n {name.namespace}")
    return OutsideError(f"{name} does not exist on {watch.cluster.where} any more", hint="run the command again")
