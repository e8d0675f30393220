"""``cluster enable-decryption``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.options import mutating
from matrix_secrets.errors import UsageError

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("enable-decryption")
@click.option(
    "--controller-flag",
    is_flag=True,
    help="Let kustomize-controller name the Secret for all, by a patch: --sops-age-secret (Flux 2.7 and newer).",
)
@click.option("--live", is_flag=True, help="Change the owner in the cluster, now; the repository stays as it is.")
@mutating
def cluster_enable_decryption(app: App, *, controller_flag: bool, live: bool, how: How) -> int:
    """Let Flux decrypt the stack: spec.decryption of the Kustomization that owns it.

    It is added where that Kustomization stands; what Flux generates (gotk-sync.yaml) is changed by a patch in
    flux-system/kustomization.yaml. What is there already, in any form, stays. Push it before any ciphertext.
    """
    from matrix_secrets.operations.enable_decryption import plan_enable_decryption  # noqa: PLC0415  --help does without

    if live:
        if controller_flag:
            raise UsageError("--live cannot set the controller's flag: Flux would take it back", hint="leave one out")
        if how.commit:
            raise UsageError("--live changes the cluster and no file: there is nothing to commit", hint="leave one out")
        from matrix_secrets.cli.livedecryption import enable_live  # noqa: PLC0415  kubernetes: 0.2 s

        return enable_live(app, dry_run=how.dry_run)
    version = None
    if controller_flag and app.cluster_named:
        from matrix_secrets.operations.controllerversion import running_version  # noqa: PLC0415  the same

        version = app.timed("asking for the controller's version", lambda: running_version(app.cluster))
    plan = plan_enable_decryption(app.workspace, app.stacks, flag=controller_flag, live=version, pushed=how.push)
    return carry_out(app, plan, how, nothing="Every owner of the stack decrypts already.")
