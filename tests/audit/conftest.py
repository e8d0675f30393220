from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import program
from tests.hooks.conftest import guide_with_hooks, hooked, job, repository

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["guide_with_hooks", "hooked", "job", "repository"]


@pytest.fixture
def programs() -> dict[str, Path]:
    """The other scanners."""
    return {name: program(name, name) for name in ("gitleaks", "detect-secrets")}
