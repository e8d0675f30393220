"""What follows a push that opened or closed registration: Flux applies it, Synapse restarts, and the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cli.reconciling import reconcile
from matrix_secrets.operations.registrationproof import prove_registration
from matrix_secrets.operations.synapsepod import rolled_out, synapse_of
from matrix_secrets.stack.discovery import find_stacks, select_stacks
from matrix_secrets.stack.workspace import Workspace

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App

_PATIENCE: Final = 600.0  # seconds


def follow(app: App, *, opened: bool) -> int:
    """Let Flux apply what was pushed, wait until each stack's Synapse runs with it, and prove what it does.

    Raises OutsideError.
    """
    code = reconcile(app, _PATIENCE, dry_run=False)
    tree = app.work_tree
    written = Workspace(tree.root, tree.git_dir, lambda: app.engine)  # as the files now are
    proofs: list[dict[str, str]] = []
    for stack in select_stacks(find_stacks(written), [each.directory for each in app.stacks]):
        synapse = synapse_of(written, stack)
        waiting = [f"waiting for {synapse.label}"]
        with app.output.working(lambda waiting=waiting: waiting[-1]):  # type: ignore[misc]
            pod = rolled_out(app.cluster, synapse, timeout=_PATIENCE, told=waiting.append)
        said = prove_registration(app.cluster, synapse, pod, opened=opened)
        proofs.append({"stack": stack.label, "synapse": synapse.label, "answer": said})
        what = "registration is open" if opened else "registration is closed"
        app.output.rows([Row((f"{synapse.label} restarted", what, f"POST /register: {said}"), Mark.DONE)])
    app.output.put("proofs", proofs)
    return code
