"""A finding: what a check or an operation has to tell about one place."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from matrix_secrets.errors import Place


class Severity(StrEnum):
    """An error makes ``verify`` exit with 1; a warning does so only with ``--strict``."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """``id`` is stable (``plaintext-secret``); ``fix`` is one exact command or edit; no field holds a value."""

    id: str
    severity: Severity
    place: Place
    message: str
    fix: str
