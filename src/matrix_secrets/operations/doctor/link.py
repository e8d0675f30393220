"""A link of the chain from a key on this machine to Element in a browser, and what became of it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from matrix_secrets.findings import Finding, Severity
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.checks.kind import Kind
    from matrix_secrets.errors import OutsideError
    from matrix_secrets.operations.doctor.case import Case


class State(StrEnum):
    """What can be said of a link."""

    HOLDS = "holds"
    BROKEN = "broken"
    SKIPPED = "not-looked-at"  # a link before it is broken
    UNANSWERED = "not-answered"  # the cluster could not be asked


@dataclass(frozen=True, slots=True)
class Verdict:
    """What looking at a link found; ``detail`` is one line about what was seen, for a link that holds.

    ``stops`` says whether links behind it are worth a look: by default no longer, once there is an error.
    """

    detail: str
    findings: tuple[Finding, ...] = ()
    stops: bool | None = None

    @property
    def broken(self) -> bool:
        """Whether there is an error."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def bars(self) -> bool:
        """Whether links behind it are not looked at."""
        return self.broken if self.stops is None else self.stops


@dataclass(frozen=True, slots=True)
class Link:
    """One link. ``needs`` are links that must hold before it is looked at; ``after`` those that may explain its break.

    ``kinds`` are all findings that it can make. ``look`` reads what it needs, then judges.
    """

    name: str
    needs: tuple[str, ...]
    after: tuple[str, ...]
    kinds: tuple[Kind, ...]
    look: Callable[[Case], Verdict]


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a link of a stack. ``because`` names the links that have to hold first, if there are any."""

    stack: str
    link: str
    state: State
    detail: str = ""
    findings: tuple[Finding, ...] = ()
    because: tuple[str, ...] = ()
    error: OutsideError | None = None
