"""The steps themselves: each does one thing, and is done when the world shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.flux import commit_of
from matrix_secrets.cluster.reading import list_pods
from matrix_secrets.cluster.verifier import make_verifier
from matrix_secrets.errors import OutsideError
from matrix_secrets.operations.rotation.journal import ROTATION_BRANCH
from matrix_secrets.operations.rotation.livedatabase import find_role, prove
from matrix_secrets.operations.rotation.livepods import live_workload_of, side_of_pods
from matrix_secrets.operations.rotation.livevalues import live_values, side_of
from matrix_secrets.operations.rotation.preparing import prepare
from matrix_secrets.operations.rotation.sight import serves
from matrix_secrets.operations.rotation.world import Side
from matrix_secrets.stack.declarations import POSTGRES_PASSWORD

if TYPE_CHECKING:
    from matrix_secrets.operations.rotation.bench import Bench
    from matrix_secrets.operations.rotation.gap import Gap
    from matrix_secrets.operations.rotation.sight import Sight

_MERGED: Final = 3.0  # seconds between two looks at main, while somebody else is to merge
# A Kustomization in these states goes on by itself.
_GOING_ON: Final = frozenset({"Progressing", "DependencyNotReady", "ArtifactFailed", "HealthCheckFailed"})
_HOPELESS: Final = frozenset({"ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError"})


def set_password(bench: Bench, sight: Sight, side: Side) -> str:
    """Give the database a password and prove it: let in over the pod's address, a random one refused.

    Where the proof fails, the one from before is put back. Raises OutsideError.
    """
    role = find_role(bench.site, sight.stack)
    password = sight.value(POSTGRES_PASSWORD.name, side)
    bench.acts.set_role(role, make_verifier(password))
    if prove(role, password):
        return f"the {side} password is accepted, a random one refused"
    text = f"PostgreSQL took the {side} password and does not let {role.name} in with it"
    if side is Side.NEW:
        bench.acts.set_role(role, make_verifier(sight.value(POSTGRES_PASSWORD.name, Side.OLD)))
        text += "; the old one is back"
    raise OutsideError(text, hint="look at pg_hba.conf: it must end with: host all all all scram-sha-256")


def publish(bench: Bench, sight: Sight) -> str:
    """Fast-forward main to the rotation. Raises BehindError where it has moved on, RejectedError where it is closed."""
    journal = sight.in_flight
    bench.acts.publish(journal.tip, bench.site.main)
    return f"{bench.site.main} is {journal.tip[:8]}"


def renew(bench: Bench, sight: Sight) -> str:
    """Prepare the same values again, on what main has become."""
    journal = sight.in_flight
    commit = prepare(bench, sight.main, sight.new, instead_of=journal.tip, turned=journal.turned)
    bench.acts.replace_branch(commit, journal.tip)
    return f"{commit[:8]} on {ROTATION_BRANCH}, as {bench.site.main} has moved on"


def turn(bench: Bench, sight: Sight) -> str:
    """Make a rotation forward, to the old values, out of one that main has already."""
    tip = sight.in_flight.tip
    commit = prepare(bench, sight.main, sight.old, instead_of=tip, turned=True)
    bench.acts.replace_branch(commit, tip)
    return f"{commit[:8]} on {ROTATION_BRANCH} leads forward to the old values"


def reconcile(bench: Bench, sight: Sight, gap: Gap) -> str:
    """Let Flux apply what main holds, until the cluster holds it. Raises OutsideError with Flux's own words."""
    token = bench.acts.reconcile(sight.main)
    side = sight.world.main

    def applied() -> bool:
        look_at_pods(bench, sight, gap)
        if side_of(live_values(bench.site, sight.stack, sight.new), sight.old, sight.new) is side:
            return True
        _refuse_failing(bench, sight, token)
        return False

    bench.wait_until(applied, f"waiting for {bench.site.owner} to apply {sight.main[:8]}", _flux_hint(bench))
    return f"{bench.site.owner.name} applied {sight.main[:8]}"


def restart(bench: Bench, sight: Sight, gap: Gap) -> str:
    """Wait until all pods are of the new template and ready, and none is left of the old. Raises OutsideError."""
    cluster, side = bench.site.cluster, sight.world.main

    def restarted() -> bool:
        look_at_pods(bench, sight, gap)
        return side_of_pods(cluster, sight.restarting) in {None, side}

    labels = ", ".join(each.label for each in sight.restarting)
    where = sight.restarting[0].namespace if sight.restarting else "default"
    bench.wait_until(restarted, f"waiting for the pods of {labels}", f"kubectl{cluster.option} get pods -n {where}")
    away = "" if gap.seconds is None else f", away for {gap.seconds:.1f} s"
    return f"{labels} restarted, old pods gone{away}"


def prove_reading(bench: Bench, sight: Sight) -> str:
    """Wait until Synapse answers what only its database knows."""
    hint = f"kubectl{bench.site.cluster.option} get pods -A; kubectl logs of Synapse's pod tells why"
    bench.wait_until(lambda: serves(bench.site, sight.stack), "waiting for Synapse to read its database", hint)
    return "Synapse reads its database"


def settle(bench: Bench, sight: Sight) -> str:
    """Wait until Flux calls itself Ready on what main holds. Raises OutsideError with its own words."""
    token = bench.acts.reconcile(sight.main)

    def settled() -> bool:
        owner = bench.site.read_owner()
        if owner.is_ready and commit_of(owner.applied) == bench.heads().commits[bench.site.main]:
            return True
        _refuse_failing(bench, sight, token)
        return False

    bench.wait_until(settled, f"waiting for {bench.site.owner} to be Ready on {sight.main[:8]}", _flux_hint(bench))
    return f"{bench.site.owner.name} is Ready"


def wait_for_merge(bench: Bench, sight: Sight) -> str:
    """Wait until somebody has merged the rotation branch: until main moves. Raises OutsideError after a while."""
    main, remote = bench.site.main, bench.remote

    def moved() -> bool:
        return bench.heads().commits[main] != sight.main

    bench.wait_until(
        moved,
        f"waiting for {ROTATION_BRANCH} to be merged into {main}, which takes no push from you",
        f"open a pull request of {remote} from {ROTATION_BRANCH} into {main}, and merge it while this command runs",
        _MERGED,
    )
    return f"{main} has moved"


def close(bench: Bench, sight: Sight) -> str:
    """Prove once more that one password is let in and the other is not; then give the branch back."""
    journal, side = sight.in_flight, sight.world.main
    said = f"Synapse reads its database, the {side} values are in force everywhere"
    if sight.world.role is not None:
        other = Side.OLD if side is Side.NEW else Side.NEW
        role = find_role(bench.site, sight.stack)
        right = sight.value(POSTGRES_PASSWORD.name, side)
        if not prove(role, right, refused=sight.value(POSTGRES_PASSWORD.name, other)):
            text = f"PostgreSQL does not tell the passwords of {role.name} apart over {role.database.pod.address}"
            raise OutsideError(text, hint="look at pg_hba.conf: it must end with: host all all all scram-sha-256")
        said = f"Synapse reads its database; the {other} password is refused"
    bench.acts.delete_branch(journal.tip)
    bench.acts.follow(sight.main, bench.site.main)
    return said


def look_at_pods(bench: Bench, sight: Sight, gap: Gap) -> None:
    """See whether anybody serves, for the gap. Raises OutsideError where a pod that is wanted will not come up.

    One that crashed before may do so: what it lacked may be there by now.
    """
    side, option = sight.world.main, bench.site.cluster.option
    for each in sight.restarting:
        pods = list_pods(bench.site.cluster, each.namespace, live_workload_of(bench.site.cluster, each).selector)
        gap.saw(serving=any(pod.ready for pod in pods))
        for pod in (pod for pod in pods if each.side_of(pod) is side and not pod.ending):
            states = (*pod.containers, *pod.init_containers)
            waiting = {state.waiting for state in states} & _HOPELESS
            if gap.crashed(pod.name, sum(state.restarts for state in states)):
                waiting.add("it crashes again and again")
            if waiting:
                logs = f"kubectl{option} logs -n {pod.namespace} {pod.name} --all-containers --previous"
                raise OutsideError(f"{pod.name} does not start: {', '.join(sorted(waiting))}", hint=logs)


def _refuse_failing(bench: Bench, sight: Sight, token: str) -> None:
    owner = bench.site.read_owner()
    ready = owner.ready
    if owner.suspended:
        text = f"{owner.ref} is suspended: Flux applies nothing of it"
        raise OutsideError(text, hint=f"flux resume kustomization {owner.name} -n {owner.namespace}")
    failed = ready is not None and ready.status == "False" and ready.reason not in _GOING_ON
    if failed and ready is not None and owner.handled == token and owner.attempted:
        text = f"{owner.ref} failed on {commit_of(owner.attempted)[:8] or sight.main[:8]}"
        raise OutsideError(text, cause=ready.message, hint="matrix-secrets doctor names the link that is broken")


def _flux_hint(bench: Bench) -> str:
    name = bench.site.owner
    return f"kubectl{bench.site.cluster.option} -n {name.namespace} describe kustomization {name.name}"
