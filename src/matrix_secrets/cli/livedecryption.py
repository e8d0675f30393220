"""``cluster enable-decryption --live``: the owner in the cluster, not in the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.operations.enable_decryption import SECRET
from matrix_secrets.operations.live_decryption import decrypts, enable, find_live_owners, not_in_the_repository
from matrix_secrets.operations.plan import Change

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cluster.flux import LiveKustomization


def enable_live(app: App, *, dry_run: bool) -> int:
    """Change the live owners of the stacks, after asking; those that decrypt already stay as they are."""
    cluster = app.cluster
    found = app.timed("asking for the owners", lambda: find_live_owners(cluster, app.workspace, app.stacks))
    owners = {owner.ref: owner for _, owner in found}
    wanting = [owner for owner in owners.values() if not decrypts(cluster, owner)]
    app.output.put("cluster", {"context": cluster.context, "server": cluster.server})
    if not wanting:
        app.output.rows([Row((f"Every owner of the stack on {cluster.where} decrypts already.",), Mark.SAME)])
        return 0
    changes = [_change(owner) for owner in wanting]
    if dry_run:
        app.output.rows([], "This would change (--dry-run: nothing was changed):")
        app.output.changes(changes, done=False)
        return 0
    names = ", ".join(f"Kustomization/{owner.name}" for owner in wanting)
    if not app.confirm(f"Let {names} on {cluster.where} decrypt with Secret {SECRET}?"):
        raise RefusedError("not done: nothing was changed")
    for owner in wanting:
        enable(cluster, owner, SECRET)
    app.output.changes(changes, done=True)
    app.output.notes([not_in_the_repository(owner) for owner in wanting])
    app.output.next("matrix-secrets cluster enable-decryption")
    return 0


def _change(owner: LiveKustomization) -> Change:
    place = Place(owner.namespace, f"Kustomization/{owner.name}", ("spec", "decryption"))
    return Change(place, "decryption added", f"provider sops, Secret {SECRET}")
