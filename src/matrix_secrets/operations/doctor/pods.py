"""What is wrong with a workload's pods: not there, not starting, crashing, too many, older than their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.operations.doctor.places import live_place
from matrix_secrets.records import dataclass
from matrix_secrets.stack.digests import CONFIG_DIGEST, SECRET_DIGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.running import PodState, Running
    from matrix_secrets.operations.doctor.said import Scrubber

MISSING: Final = error(
    "workload-missing",
    "A Deployment or StatefulSet of the stack is not in the cluster.",
    "`matrix-secrets cluster reconcile`",
)
STOPPED: Final = error(
    "workload-stopped",
    "A workload of the stack was scaled to 0: nothing of it runs.",
    "Scale it up again, as the finding says.",
)
NO_POD: Final = error(
    "pod-missing",
    "A workload has no pod, though it should: the finding says where Kubernetes tells why.",
    "Look at its conditions: `kubectl describe`.",
)
NOT_STARTED: Final = error(
    "pod-not-started",
    "A pod cannot start: no node, no volume, no image, or a ConfigMap, Secret or key that is not there.",
    "Mend what the finding repeats of Kubernetes' own words.",
)
CRASHING: Final = error(
    "pod-crashing",
    "A container ends again and again, and its log shows none of the symptoms that are known here.",
    "Look at its log: `kubectl logs --previous`.",
)
MEMORY: Final = error(
    "pod-out-of-memory",
    "A container was ended because it took more memory than its limit.",
    "Raise resources.limits.memory.",
)
NOT_READY: Final = error(
    "pod-not-ready",
    "A pod runs and does not pass its readiness probe, or its init container still waits.",
    "Look at what it says: `kubectl logs`.",
)
SHARED: Final = error(
    "pods-share-volume",
    "Two pods run on one volume: two PostgreSQL on one data directory destroy it.",
    "`strategy: {type: Recreate}` and one replica.",
)
OUTDATED: Final = error(
    "pod-outdated",
    "A pod runs with older values than the cluster holds: what is mounted with subPath, or read at the start, never "
    "changes in a running pod.",
    "Let a new one take its place: `kubectl delete pod`.",
)
KINDS: Final = (MISSING, STOPPED, NO_POD, NOT_STARTED, CRASHING, MEMORY, NOT_READY, SHARED, OUTDATED)

_STARTING: Final = frozenset({"", "ContainerCreating", "PodInitializing"})
_OUT_OF_MEMORY: Final = "OOMKilled"


@dataclass(frozen=True, slots=True)
class Remedies:
    """How fixes begin: an edit in the file of the configuration, one in that of the workload, a kubectl command."""

    edit: str
    edit_workload: str
    kubectl: str
    scrub: Scrubber


def judge_pods(seen: Running, remedies: Remedies) -> Iterator[Finding]:
    """Yield what is wrong with a workload; of its pods the newest one counts."""
    place = live_place(seen.kind, seen.namespace, seen.name)
    if seen.live is None:
        yield MISSING.at(place, "is not in the cluster", "matrix-secrets cluster reconcile")
        return
    if not seen.live.replicas:
        fix = f"{remedies.kubectl}scale {seen.label} -n {seen.namespace} --replicas=1"
        yield STOPPED.at(place, "was scaled to 0: nothing of it runs", fix)
        return
    yield from _too_many(seen, remedies)
    pods = [state for state in seen.pods if not state.pod.ending]
    if not pods:
        fix = f"{remedies.kubectl}describe {seen.label} -n {seen.namespace}"
        yield NO_POD.at(place, "has no pod", fix)
    elif not pods[0].pod.ready:
        yield _not_ready(seen, pods[0], remedies)


def judge_age(seen: Running, remedies: Remedies) -> Iterator[Finding]:
    """Yield a finding where the serving pod is older than what it consumes. Never for PostgreSQL: it need not care."""
    state = next((each for each in seen.pods if each.pod.ready), None)
    if state is None or seen.live is None:
        return
    created = state.pod.created
    newer = [label for label, time in seen.changed.items() if created is not None and time > created]
    stale = [
        name
        for name in (CONFIG_DIGEST, SECRET_DIGEST)
        if state.annotations.get(name) != seen.live.annotations.get(name)
    ]
    if newer or stale:
        what = f"{' and '.join(newer)} changed" if newer else "its template has another digest"
        message = f"{state.pod.name} was started before {what}: it runs with older values"
        fix = restart(state.pod.name, seen, remedies)
        yield OUTDATED.at(live_place("Pod", seen.namespace, state.pod.name), message, fix)


def _too_many(seen: Running, remedies: Remedies) -> Iterator[Finding]:
    live = [state.pod for state in seen.pods if state.pod.phase == "Running" and state.pod.claims]
    shared = [pod for pod in live[1:] if set(pod.claims) & set(live[0].claims)]
    if shared and seen.kind == "Deployment":
        message = f"{live[0].name} and {shared[0].name} run on the same volume, {live[0].claims[0]}"
        fix = f"{remedies.edit_workload}set strategy: {{type: Recreate}} in {seen.name}, and push it"
        if seen.live is not None and seen.live.replicas > 1:
            fix = f"{remedies.kubectl}scale {seen.label} -n {seen.namespace} --replicas=1"
        yield SHARED.at(live_place(seen.kind, seen.namespace, seen.name), message, fix)


def _not_ready(seen: Running, state: PodState, remedies: Remedies) -> Finding:
    pod, ailing = state.pod, state.ailing
    name = ailing.name if ailing is not None else ""
    place = live_place("Pod", seen.namespace, pod.name, *([name] if name else []))
    logs = f"{remedies.kubectl}logs {seen.label} -n {seen.namespace} -c {name}" if name else ""
    if state.shown is not None:
        symptom = state.shown.symptom
        again = restart(pod.name, seen, remedies)
        words = {"found": state.shown.found, "edit": remedies.edit, "restart": again, "logs": logs}
        times = f", after {ailing.restarts} restarts" if ailing is not None and ailing.restarts else ""
        return symptom.kind.at(place, f"does not run{times}: {state.shown.says}", symptom.fix.format(**words).strip())
    said = remedies.scrub(state.event)
    describe = f"{remedies.kubectl}describe pod {pod.name} -n {seen.namespace}"
    if ailing is not None and ailing.ended == _OUT_OF_MEMORY:
        fix = f"{remedies.edit_workload}raise resources.limits.memory of {name} in {seen.name}, and push it"
        return MEMORY.at(place, "was ended because it took more memory than its limit", fix)
    if ailing is not None and (ailing.restarts or ailing.ended):
        code = f" with {ailing.exit_code}" if ailing.exit_code is not None else ""
        message = f"ends{code} again and again, {ailing.restarts} restarts so far"
        return CRASHING.at(place, message, f"{logs} --previous")
    waiting = ailing.waiting if ailing is not None else ""
    unscheduled = next(
        (each for each in pod.conditions if each.type == "PodScheduled" and each.status == "False"), None
    )
    if waiting not in _STARTING or unscheduled is not None or (said and pod.phase == "Pending"):
        why = said or (remedies.scrub(unscheduled.message) if unscheduled is not None else waiting)
        return NOT_STARTED.at(place, f"cannot start: {why}", describe)
    why = f": {said}" if said else ""
    waits = next((each.name for each in pod.init_containers if not each.ready), "")
    if waits:
        return NOT_READY.at(place, f"its init container {waits} still runs{why}", describe)
    return NOT_READY.at(place, f"is not ready{why}", describe)


def restart(pod: str, seen: Running, remedies: Remedies) -> str:
    """Let a new pod take the place of one: Flux would undo `rollout restart`, by one more restart."""
    return f"{remedies.kubectl}delete pod {pod} -n {seen.namespace}"
