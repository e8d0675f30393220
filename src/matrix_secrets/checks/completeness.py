"""Managed secrets that are missing, empty or cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.stack.model import ConfigSpot, Location, SecretSpot, ValueState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding

MISSING: Final = error(
    "secret-missing",
    "A place that should hold a managed secret does not have its key.",
    "`matrix-secrets generate NAME` adds it, with the value of the other places where there is one.",
)
EMPTY: Final = error(
    "secret-empty",
    "A managed secret's key is there, without a value.",
    "`matrix-secrets generate NAME` fills it.",
)
UNREADABLE: Final = error(
    "secret-unreadable",
    "A managed secret is an alias, a list, or no base64 where base64 is expected.",
    "Write the value there itself.",
)
KINDS: Final = (MISSING, EMPTY, UNREADABLE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each location without a value. Placeholders have a check of their own."""
    for stack in subject.stacks:
        for secret in stack.managed:
            fix = subject.command(f"generate {secret.name}", stack)
            for location in secret.locations:
                match location.state:
                    case ValueState.MISSING:
                        yield MISSING.at(location.place, f"{secret.name} is missing here", fix)
                    case ValueState.EMPTY:
                        yield EMPTY.at(location.place, f"{secret.name} is empty", fix)
                    case ValueState.UNREADABLE if location.why is not None and _is_its_own(location):
                        hint = location.why.hint or f"write the value there itself, in {location.file}"
                        yield UNREADABLE.at(location.place, f"{secret.name} {location.why.message}", hint)
                    case _:
                        pass


def _is_its_own(location: Location) -> bool:
    """Whether the location itself is at fault, not its file or its configuration: those have checks of their own."""
    match location.spot:
        case SecretSpot(entry=entry):
            return entry is None or not entry.encrypted
        case ConfigSpot(config=config):
            return config.readable
