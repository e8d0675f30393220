"""Waiting for Flux: until decryption is in force, until the values are live, until it is Ready."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.flux import REQUESTED
from matrix_secrets.cluster.kinds import KUSTOMIZATION
from matrix_secrets.cluster.reading import read_kustomization
from matrix_secrets.cluster.writing import annotate
from matrix_secrets.errors import OutsideError
from matrix_secrets.operations.goal import pushed_goal
from matrix_secrets.operations.inforce import obstacle
from matrix_secrets.operations.reconcile import Watch, reconciled, wait_for_kustomization, wait_for_source
from matrix_secrets.operations.rotation.livevalues import live_values
from matrix_secrets.stack.decryption import SOPS

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.flux import LiveKustomization, ObjectName
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.inforce import Obstacle
    from matrix_secrets.operations.rotation.site import Site
    from matrix_secrets.stack.model import Stack

# It goes on by itself, or is healthy later: not a reason to give up.
_GOES_ON: Final = frozenset({"HealthCheckFailed", "Progressing", "DependencyNotReady", "ArtifactFailed"})


def watching(cluster: Connection, tree: WorkTree, patience: float) -> Watch:
    """Watch for what was pushed last, for ``patience`` seconds. Raises RefusedError where nothing was."""
    return Watch(cluster, pushed_goal(tree), patience)


def until_in_force(watch: Watch, site: Site, *, ciphertext: bool) -> None:
    """Wait until the live owner decrypts: unhealthy pods, placeholders in them, do not matter for that.

    ``ciphertext``: some was pushed already, perhaps for another key; then the order to decrypt is all there can be.
    Raises OutsideError when the time is up, with what is missing.
    """
    for _ in reconciled(watch, [site.source], site.chain[:-1]):
        pass
    token = ""
    while True:
        owner = site.read_owner()
        missing = obstacle(watch.cluster, owner, {})
        if missing is None and owner.handled == (token or owner.handled):
            return
        decryption = owner.decryption
        if ciphertext and decryption is not None and decryption.provider == SOPS and not owner.suspended:
            return
        token = token or _ask(watch.cluster, site.owner)
        watch.wait(*_awaited(missing))


def still_in_force(watch: Watch, site: Site) -> None:
    """Wait until a reconciliation that has just begun is over, and the owner decrypts. Raises OutsideError."""
    while (missing := obstacle(watch.cluster, site.read_owner(), {})) is not None:
        watch.wait(*_awaited(missing))


def _awaited(missing: Obstacle | None) -> tuple[str, str]:
    if missing is None:
        return "waiting for Flux to act on it", ""
    return f"waiting for decryption to be in force: {missing.message}", missing.cause


def until_live(watch: Watch, site: Site, stack: Stack) -> None:
    """Wait until the cluster holds the values that Git holds. Raises OutsideError where Flux cannot apply them."""
    names = [secret.name for secret in stack.managed]
    wanted = {secret.name: secret.values[0] for secret in stack.managed if secret.values}
    watch.branch = wait_for_source(watch, site.source).branch
    for name in site.chain[:-1]:
        wait_for_kustomization(watch, name)
    _ask(watch.cluster, site.owner)
    while live_values(site, stack, names) != wanted:
        owner = site.read_owner()
        _refuse_failure(watch, owner)
        watch.wait(f"waiting for {owner.ref} to apply {watch.goal.short}", owner.ready.message if owner.ready else "")


def until_ready(watch: Watch, site: Site) -> LiveKustomization:
    """Wait until the owner is Ready on what was pushed. Raises OutsideError."""
    while True:
        found = read_kustomization(watch.cluster, site.owner.namespace, site.owner.name)
        if found is not None and found.is_ready and watch.goal.reached_by(_commit(found), site.main):
            return found
        if found is not None:
            _refuse_failure(watch, found)
        said = found.ready.message if found is not None and found.ready is not None else ""
        watch.wait(f"waiting for {site.owner} to be Ready on {watch.goal.short}", said)


def _refuse_failure(watch: Watch, owner: LiveKustomization) -> None:
    """Give up on what waiting does not mend: what Flux cannot decrypt or build."""
    ready = owner.ready
    if ready is None or ready.status != "False" or ready.reason in _GOES_ON:
        return
    if watch.goal.reached_by(owner.attempted.rpartition(":")[2], ""):
        raise OutsideError(
            f"{owner.ref} on {watch.cluster.where} failed on {watch.goal.short}",
            cause=ready.message,
            hint="matrix-secrets doctor names the link that is broken",
        )


def _ask(cluster: Connection, name: ObjectName) -> str:
    token = datetime.now(UTC).isoformat()
    annotate(cluster, KUSTOMIZATION, name.namespace, name.name, {REQUESTED: token})
    return token


def _commit(owner: LiveKustomization) -> str:
    return owner.applied.rpartition(":")[2]
