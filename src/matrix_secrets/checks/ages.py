"""Values that are older than they may be. Looked at only with ``--max-age``: it takes the Git history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error

if TYPE_CHECKING:
    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding
    from matrix_secrets.stack.model import ManagedSecret, Stack

OLD: Final = error(
    "secret-old",
    "A managed secret's value has not changed for longer than `--max-age` allows.",
    "`matrix-secrets rotate NAME`",
)
UNKNOWN: Final = error(
    "secret-age-unknown",
    "Nobody can tell when a managed secret's value last changed: a shallow clone, old versions that no identity opens, "
    "a place that cannot be read. It does not count as fresh.",
    "What the finding names, such as `git fetch --unshallow`; or `matrix-secrets rotate NAME`.",
)
KINDS: Final = (OLD, UNKNOWN)


def old(subject: Subject, stack: Stack, secret: ManagedSecret, days: int, limit: int) -> Finding:
    """Make the finding for a value that is too old, in days."""
    fix = subject.command(f"rotate {secret.name}", stack)
    message = f"{secret.name} last changed {days} days ago, more than {limit}"
    return OLD.at(secret.locations[0].place, message, fix)


def unknown(subject: Subject, stack: Stack, secret: ManagedSecret, why: str) -> Finding:
    """Make the finding for a value whose age cannot be told."""
    fix = subject.command(f"rotate {secret.name}", stack)
    return UNKNOWN.at(secret.locations[0].place, f"when {secret.name} last changed is not known: {why}", fix)
