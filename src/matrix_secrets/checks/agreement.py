"""Managed secrets whose places disagree: Synapse could not log in, or would sign with another key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error, warning
from matrix_secrets.stack.model import Location, ManagedSecret, SecretSpot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding

MISMATCH: Final = error(
    "secret-mismatch",
    "A managed secret has different values in two places; the finding names both.",
    "Make them equal. Of POSTGRES_PASSWORD the right one is the one that the database was initialised with.",
)
REUSED: Final = warning(
    "secret-reused",
    "Two managed secrets have the same value: who learns one of them has both.",
    "Replace one of them.",
)
KINDS: Final = (MISMATCH, REUSED)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each place that differs from the first, and for each secret that repeats another's value."""
    for stack in subject.stacks:
        for secret in stack.managed:
            yield from _differing(subject, secret)
        held: dict[object, str] = {}
        for secret in stack.managed:
            for value in secret.values:
                other = held.setdefault(value, secret.name)
                place = next(location for location in secret.locations if location.value == value).place
                if other != secret.name:
                    fix = subject.edit(place.file, f"give {secret.name} a value of its own, wherever it stands")
                    yield REUSED.at(place, f"{secret.name} has the same value as {other}", fix)


def _differing(subject: Subject, secret: ManagedSecret) -> Iterator[Finding]:
    held = [location for location in secret.locations if location.value is not None]
    reference = next(
        (location for location in held if isinstance(location.spot, SecretSpot)), held[0] if held else None
    )
    for location in held:
        if reference is not None and location.value != reference.value:
            yield _mismatch(subject, secret.name, location, reference)


def _mismatch(subject: Subject, name: str, location: Location, reference: Location) -> Finding:
    fix = subject.edit(location.file, f"put there the value of {reference.place}, or the other way round")
    return MISMATCH.at(location.place, f"{name} differs from the value at {reference.place}", fix)
