from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.checks.tree import filled
from tests.verify.encrypted import EncryptedTree, Programs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path, sops_binary: Path, age_keygen_binary: Path) -> EncryptedTree:
    """The filled-in repository with a rule for its two files; nothing is encrypted yet."""
    filled(tmp_path / "cluster")
    found = EncryptedTree(tmp_path / "cluster", tmp_path / "home", Programs(sops_binary, age_keygen_binary))
    found.rules(found.me)
    return found
