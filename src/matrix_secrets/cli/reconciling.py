"""``cluster reconcile``: one line for each thing that Flux has done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from matrix_secrets.cli.contexts import by_cluster, placed
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cluster.flux import commit_of
from matrix_secrets.cluster.reading import list_kustomizations
from matrix_secrets.findings import Severity
from matrix_secrets.operations.fluxorder import in_order
from matrix_secrets.operations.goal import pushed_goal
from matrix_secrets.operations.live_decryption import find_live_owners, find_parents
from matrix_secrets.operations.livesecrets import live_ciphertext
from matrix_secrets.operations.order import waiting_ciphertext
from matrix_secrets.operations.reconcile import Watch, reconciled, require_git

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cluster.flux import LiveKustomization, ObjectName
    from matrix_secrets.stack.model import Stack


def reconcile(app: App, timeout: float, *, dry_run: bool, on: Sequence[str] = ()) -> int:
    """Ask Flux for the pushed commit, for ``timeout`` seconds; return 1 where a live Secret then holds ciphertext.

    ``on`` are the values of --on: each cluster is asked for its own stacks.
    """
    goal, clusters = pushed_goal(app.work_tree), by_cluster(placed(app, on))
    told = [{"context": cluster.context, "server": cluster.server} for cluster, _ in clusters]
    app.output.put("cluster", told[0])
    if len(clusters) > 1:
        app.output.put("clusters", told)
    app.output.put("commit", goal.commit)
    if goal.unpushed:
        app.output.note(f"HEAD is not pushed: this waits for {goal.short}, which {goal.remote} has.")
    done: list[dict[str, str]] = []
    app.output.put("applied", done)
    codes = [
        _on_cluster(app, Watch(cluster, goal, timeout), stacks, done, dry_run=dry_run) for cluster, stacks in clusters
    ]
    if not dry_run and waiting_ciphertext(app.work_tree, app.stacks):
        app.output.next("matrix-secrets encrypt --push")
    return max(codes)


def wait_for_stack(app: App, stack: Stack, timeout: float) -> None:
    """Wait until the cluster of --context has applied what was pushed of one stack."""
    done: list[dict[str, str]] = []
    app.output.put("applied", done)
    _on_cluster(app, Watch(app.cluster, pushed_goal(app.work_tree), timeout), [stack], done, dry_run=False)


def _on_cluster(app: App, watch: Watch, stacks: Sequence[Stack], done: list[dict[str, str]], *, dry_run: bool) -> int:
    cluster, goal = watch.cluster, watch.goal
    parents = app.timed("asking for the owners", lambda: find_parents(cluster, app.workspace, stacks))
    if dry_run:
        names = [*parents, *(owner for _, owner in find_live_owners(cluster, app.workspace, stacks))]
        rows = [Row((str(each.ref),), Mark.SAME) for each in in_order(names, list_kustomizations(cluster))]
        app.output.rows(rows, f"Would ask {cluster.where} for {goal.short} (--dry-run: nothing was asked for):")
        return 0
    waiting = _Waiting(app, watch, done)
    waiting.for_all(in_order(parents, list_kustomizations(cluster)))
    # Only now is what they depend on as the commit says it.
    owners = find_live_owners(cluster, app.workspace, stacks)
    waiting.for_all(in_order([owner for _, owner in owners], list_kustomizations(cluster)))
    found = [finding for stack, owner in owners for finding in live_ciphertext(cluster, stack, owner.target_namespace)]
    app.output.findings(found)
    return 1 if any(each.severity is Severity.ERROR for each in found) else 0


class _Waiting:
    """Waits for one object after the other, each once, and says so."""

    def __init__(self, app: App, watch: Watch, done: list[dict[str, str]]) -> None:
        self._app = app
        self._watch = watch
        self._seen: set[ObjectName] = set()
        self._done = done

    def for_all(self, chain: Sequence[LiveKustomization]) -> None:
        """Wait for the sources of these, then for these, in their order."""
        sources = [name for name in dict.fromkeys(each.source for each in chain) if name not in self._seen]
        for name in sources:
            require_git(name)
        names = [each.ref for each in chain if each.ref not in self._seen]
        self._seen.update(sources, names)
        width = max((len(str(name)) for name in [*sources, *names]), default=0)
        steps = reconciled(self._watch, sources, names)
        while True:
            begun = time.monotonic()
            with self._app.output.working(lambda: self._watch.said):
                step = next(steps, None)
            if step is None:
                return
            entry = {"kind": step.name.kind, "namespace": step.name.namespace, "name": step.name.name}
            self._done.append({**entry, "revision": step.revision})
            what = f"{step.did} {commit_of(step.revision)[:8]}"
            cells = (str(step.name).ljust(width), what, f"{time.monotonic() - begun:.0f} s")
            self._app.output.rows([Row(cells, Mark.DONE)])
