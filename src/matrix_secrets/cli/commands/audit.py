"""``audit``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("audit")
@click.option("--since", metavar="REV", help="Only what REV does not have in its own history.")
@click.option("--accept", is_flag=True, help="Put all that is found into the baseline: it is not told again.")
@click.option("--without-key", is_flag=True, help="Leave out, unsaid, what only an identity can tell: for CI.")
@click.option("--strict", is_flag=True, help="Warnings, too, make the exit code 1.")
@click.option("--dry-run", is_flag=True, help="With --accept: show the plan and change nothing.")
def audit(app: App, *, since: str | None, accept: bool, without_key: bool, strict: bool, dry_run: bool) -> int:
    """Look for secrets and private keys in the Git history.

    In every branch, tag, stash and reflog, in every encoding: values that are in use today, older ones, private age
    keys. Each with the commit, the file, whether it is in use, and what to do. No value is shown.
    """
    from matrix_secrets.cli.auditing import accepting, search, tell  # noqa: PLC0415  --help does without

    found = search(app, since)
    if accept:
        return accepting(app, found, dry_run=dry_run)
    return tell(app, found, without_key=without_key, strict=strict)
