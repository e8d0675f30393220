"""What follows a push that opened or closed registration: Flux applies it, Synapse restarts, and the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cli.contexts import by_cluster, placed
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cli.reconciling import reconcile
from matrix_secrets.operations.live_decryption import find_live_owners
from matrix_secrets.operations.registrationproof import prove_registration
from matrix_secrets.operations.synapsepod import rolled_out, synapse_of
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App

_PATIENCE: Final = 600.0  # seconds


def require_owners(app: App, on: Sequence[str]) -> None:
    """Make sure that each of several stacks is applied where it is looked for, before anything is pushed.

    Raises RefusedError where a cluster does not apply one, OutsideError.
    """
    for cluster, stacks in by_cluster(placed(app, on)) if len(app.stacks) > 1 else ():
        find_live_owners(cluster, app.workspace, stacks)


def follow(app: App, on: Sequence[str], *, opened: bool) -> int:
    """Let Flux apply what was pushed, wait until each stack's Synapse runs with it, and prove what it does.

    Raises OutsideError.
    """
    code = reconcile(app, _PATIENCE, dry_run=False, on=on)
    tree = app.work_tree
    written = Workspace(tree.root, tree.git_dir, lambda: app.engine)  # as the files now are
    proofs: list[dict[str, str]] = []
    found = {each.directory: each for each in find_stacks(written)}
    for place in placed(app, on):
        stack, cluster = found[place.stack.directory], place.cluster
        synapse = synapse_of(written, stack)
        waiting = [f"waiting for {synapse.label}"]
        with app.output.working(lambda waiting=waiting: waiting[-1]):  # type: ignore[misc]
            pod = rolled_out(cluster, synapse, timeout=_PATIENCE, told=waiting.append)
        said = prove_registration(cluster, synapse, pod, opened=opened)
        proofs.append({"stack": stack.label, "synapse": synapse.label, "answer": said})
        what = "registration is open" if opened else "registration is closed"
        app.output.rows([Row((f"{synapse.label} restarted", what, f"POST /register: {said}"), Mark.DONE)])
    app.output.put("proofs", proofs)
    return code
