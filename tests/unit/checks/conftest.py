from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.checks.tree import Tree, filled

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return filled(tmp_path / "cluster")
