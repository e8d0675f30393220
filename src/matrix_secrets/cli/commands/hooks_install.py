"""``hooks install``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("install")
@click.option("--allow-plaintext", is_flag=True, help="Let the hooks pass secrets in plain text where they belong.")
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
def hooks_install(app: App, *, allow_plaintext: bool, dry_run: bool) -> int:
    """Let Git ask before each commit and push, and show and merge encrypted files by value.

    pre-commit and pre-push look at what is staged and pushed; a hook that stands there runs first. The diff and merge
    drivers go into this clone's configuration and .gitattributes.
    """
    from matrix_secrets.cli.hooking import carry_out_hooks, driven_files  # noqa: PLC0415  --help does without
    from matrix_secrets.cli.program import program_words  # noqa: PLC0415
    from matrix_secrets.operations.hook_install import plan_install  # noqa: PLC0415

    options = ["--allow-plaintext"] if allow_plaintext else []
    planned = plan_install(app.work_tree, driven_files(app), program_words(), options)
    return carry_out_hooks(app, planned, dry_run=dry_run, nothing="Hooks and drivers are installed already.")
