"""Ages of secrets for a command: looked for only where they are asked for, the history of each file read once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.operations.ages import Age
    from matrix_secrets.stack.model import ManagedSecret, Stack

AgeTable = dict[tuple[str, str], "Age | None"]
"""By the stack's directory and the secret's name; None for a secret without a value."""

_DAYS: Final = {"d": 1, "w": 7, "y": 365}
_DURATION: Final = re.compile(r"(\d{1,5})([dwy])", re.IGNORECASE)


def duration(ctx: click.Context, param: click.Parameter, value: str | None) -> timedelta | None:
    """Read a number of days, weeks or years: ``180d``, ``26w``, ``1y``. Raises click's BadParameter."""
    if value is None:
        return None
    found = _DURATION.fullmatch(value.strip())
    if found is None:
        raise click.BadParameter(f"{value!r} is no duration: 180d, 26w or 1y", ctx, param)
    return timedelta(days=int(found[1]) * _DAYS[found[2].lower()])


def ages_of(app: App, secrets: Sequence[tuple[Stack, ManagedSecret]]) -> AgeTable:
    """Find the ages of some secrets' values, saying how far it is."""
    from matrix_secrets.cli.keywork import KeyWork  # noqa: PLC0415  only where ages are asked for
    from matrix_secrets.operations.ages import Ages  # noqa: PLC0415  GitPython: 0.1 s

    engine = KeyWork(app).workspace.engine  # old contents are opened without a process for each
    finder = Ages(app.work_tree, lambda text, file: engine.decrypt(text, file=file))
    found: AgeTable = {}

    def progress() -> str:
        return f"looking through the history: secret {len(found) + 1} of {len(secrets)}"

    with app.output.working(progress):
        for stack, secret in secrets:
            found[stack.directory, secret.name] = finder.of(secret)
    return found
