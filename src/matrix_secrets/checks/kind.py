"""A kind of finding: what is the same about all findings of one id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.findings import Finding, Severity
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from matrix_secrets.errors import Place


@dataclass(frozen=True, slots=True)
class Kind:
    """``id`` and ``severity`` are stable; ``meaning`` and ``remedy`` make the reference page."""

    id: str
    severity: Severity
    meaning: str
    remedy: str

    def at(self, place: Place, message: str, fix: str) -> Finding:
        """A finding of this kind. ``message`` and ``fix`` hold no secret value."""
        return Finding(self.id, self.severity, place, message, fix)


def error(name: str, meaning: str, remedy: str) -> Kind:
    """A kind that makes ``verify`` exit with 1."""
    return Kind(name, Severity.ERROR, meaning, remedy)


def warning(name: str, meaning: str, remedy: str) -> Kind:
    """A kind that makes ``verify`` exit with 1 only under ``--strict``."""
    return Kind(name, Severity.WARNING, meaning, remedy)
