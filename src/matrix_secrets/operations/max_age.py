"""The findings of ``verify --max-age``: what is too old, and what nobody can tell the age of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.checks import ages as check
from matrix_secrets.checks.subject import Subject
from matrix_secrets.operations.ages import Age, Known

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from matrix_secrets.findings import Finding
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


def too_old(
    workspace: Workspace,
    stacks: Sequence[Stack],
    ages: Mapping[tuple[str, str], Age | None],
    limit: timedelta,
    now: datetime,
) -> Iterator[Finding]:
    """Yield a finding for each value that is older than a limit, or of unknown age. What has no value has others."""
    subject = Subject(workspace, stacks, None)
    for stack in stacks:
        for secret in stack.managed:
            match ages.get((stack.directory, secret.name)):
                case Age(known=Known.UNKNOWN, why=why):
                    yield check.unknown(subject, stack, secret, why)
                case Age(since=since) if since is not None and now - since > limit:
                    yield check.old(subject, stack, secret, (now - since).days, limit.days)
                case _:
                    pass
