"""``verify``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.ageing import ages_of, duration
from matrix_secrets.cli.command import command
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.findings import Severity

if TYPE_CHECKING:
    from datetime import timedelta

    from matrix_secrets.cli.context import App
    from matrix_secrets.findings import Finding


@command("verify")
@click.option("--without-key", is_flag=True, help="Leave out, unsaid, what only an identity can tell: for CI.")
@click.option("--strict", is_flag=True, help="Warnings, too, make the exit code 1.")
@click.option("--max-age", callback=duration, metavar="D", help="Find values that are older: 180d, 26w, 1y.")
def verify(app: App, *, without_key: bool, strict: bool, max_age: timedelta | None) -> int:
    """Check everything that can be checked offline.

    Placeholders, secrets in plain text, values that do not agree, tampered files, rules that encrypt nothing, ports and
    URLs that do not fit, decryption missing in Flux, and more. Exit code 1 if an error is found.
    """
    from matrix_secrets.operations.verify import verify as find  # noqa: PLC0415  --help does without

    found = app.timed("checking", lambda: find(app.workspace, app.stacks, app.rules, without_key=without_key))
    if max_age is not None:
        found += _aged(app, max_age)
    app.output.findings(found)
    errors = sum(finding.severity is Severity.ERROR for finding in found)
    warnings = len(found) - errors
    mark = Mark.BAD if errors or (strict and warnings) else Mark.DONE
    why = " (--strict)" if mark is Mark.BAD and not errors else ""
    names = ", ".join(stack.label for stack in app.stacks)
    app.output.rows([Row((f"{names}: {_count(errors, 'error')}, {_count(warnings, 'warning')}{why}",), mark)])
    return 1 if mark is Mark.BAD else 0


def _aged(app: App, max_age: timedelta) -> list[Finding]:
    from matrix_secrets.operations.max_age import too_old  # noqa: PLC0415  only where it is asked for

    ages = ages_of(app, [(stack, secret) for stack in app.stacks for secret in stack.managed])
    return list(too_old(app.workspace, app.stacks, ages, max_age, datetime.now(UTC)))


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}" if number == 1 else f"{number or 'no'} {noun}s"
