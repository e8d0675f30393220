"""``doctor``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command
from matrix_secrets.cli.contexts import choose_named, cluster_at, contexts_of, placing
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.operations.doctor.link import Standing


@command("doctor")
@click.option("--all", "every", is_flag=True, help="Look at the links behind a broken one, too.")
@placing
@click.option("--strict", is_flag=True, help="Warnings, too, make the exit code 1.")
def doctor(app: App, *, every: bool, on: tuple[str, ...], strict: bool) -> int:
    """Find the broken link between your key and Element, and what mends it.

    Looks at your identity, the encrypted files, the remote and Flux's source, the cluster's key, the controller, the
    Kustomization that owns the stack, the live Secret and configuration, PostgreSQL, Synapse and Element. Nothing is
    changed. What lies behind a broken link is not looked at, unless --all is given. Exit code 1 if a link is broken, 4
    if the cluster cannot be asked.
    """
    from matrix_secrets.operations.doctor.case import Local  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.doctor.diagnosis import Diagnosis  # noqa: PLC0415

    choose_named(app, on)
    several = len(app.all_stacks) > 1
    local = Local(app.work_tree, app.workspace, app.rules, app.known_identities, several=several)
    found: list[Standing] = []
    for stack, context in contexts_of(app, on):
        looking = Diagnosis(replace(local, context=context), stack, lambda context=context: cluster_at(app, context))  # type: ignore[misc]
        with app.output.working(looking.progress):
            found += looking.standings(every=every)
        app.output.chain(looking.found, looking.title)
    code = _summary(app, found, strict=strict)
    failed = next((each.error for each in found if each.error is not None), None)
    if failed is not None:
        raise failed
    return code


def _summary(app: App, standings: Sequence[Standing], *, strict: bool) -> int:
    """Count, say what to mend first, and return the exit code."""
    found = [finding for each in standings for finding in each.findings]
    errors = sum(finding.severity is Severity.ERROR for finding in found)
    warnings = len(found) - errors
    bad = errors or (strict and warnings)
    why = " (--strict)" if bad and not errors else ""
    text = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}{why}"
    first = next((each for each in standings if each.state == "broken" and not each.because), None)
    if first is not None and any(first.link in each.because for each in standings):
        text += f"; mend {first.link} first, then look again"
    asked = all(each.error is None for each in standings)
    app.output.rows([Row((text,), Mark.BAD if bad or not asked else Mark.DONE)])
    return 1 if bad else 0


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}" if number == 1 else f"{number or 'no'} {noun}s"
