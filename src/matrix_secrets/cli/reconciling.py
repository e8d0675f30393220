"""``cluster reconcile``: one line for each thing that Flux has done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cluster.flux import commit_of
from matrix_secrets.cluster.reading import list_kustomizations
from matrix_secrets.findings import Severity
from matrix_secrets.operations.fluxorder import in_order
from matrix_secrets.operations.goal import pushed_goal
from matrix_secrets.operations.live_decryption import find_live_owners
from matrix_secrets.operations.livesecrets import live_ciphertext
from matrix_secrets.operations.reconcile import Watch, reconciled, require_git

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cluster.flux import LiveKustomization, ObjectName


def reconcile(app: App, timeout: float, *, dry_run: bool) -> int:
    """Ask Flux for the pushed commit, for ``timeout`` seconds; return 1 where a live Secret then holds ciphertext."""
    goal, cluster = pushed_goal(app.work_tree), app.cluster
    stacks = app.stacks
    owners = app.timed("asking for the owners", lambda: find_live_owners(cluster, app.workspace, stacks))
    chain = in_order([owner for _, owner in owners], list_kustomizations(cluster))
    sources = list(dict.fromkeys(each.source for each in chain))
    for source in sources:
        require_git(source)
    app.output.put("cluster", {"context": cluster.context, "server": cluster.server})
    app.output.put("commit", goal.commit)
    if goal.unpushed:
        app.output.note(f"HEAD is not pushed: this waits for {goal.short}, which {goal.remote} has.")
    if dry_run:
        rows = [Row((str(name),), Mark.SAME) for name in [*sources, *(each.ref for each in chain)]]
        app.output.rows(rows, f"Would ask {cluster.where} for {goal.short} (--dry-run: nothing was asked for):")
        return 0
    _wait(app, Watch(cluster, goal, timeout), sources, chain)
    found = [finding for stack, owner in owners for finding in live_ciphertext(cluster, stack, owner.target_namespace)]
    app.output.findings(found)
    return 1 if any(each.severity is Severity.ERROR for each in found) else 0


def _wait(app: App, watch: Watch, sources: Sequence[ObjectName], chain: Sequence[LiveKustomization]) -> None:
    steps = reconciled(watch, sources, [each.ref for each in chain])
    width = max(len(str(name)) for name in [*sources, *(each.ref for each in chain)])
    done: list[dict[str, str]] = []
    app.output.put("applied", done)
    while True:
        begun = time.monotonic()
        with app.output.working(lambda: watch.said):
            step = next(steps, None)
        if step is None:
            return
        done.append({"kind": step.name.kind, "namespace": step.name.namespace, "name": step.name.name})
        done[-1]["revision"] = step.revision
        what = f"{step.did} {commit_of(step.revision)[:8]}"
        app.output.rows([Row((str(step.name).ljust(width), what, f"{time.monotonic() - begun:.0f} s"), Mark.DONE)])
