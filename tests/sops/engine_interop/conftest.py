from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conforming.realsops import RealSops

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def real_sops(sops_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> RealSops:
    """The real sops in a directory of its own."""
    return RealSops(sops_binary, tmp_path_factory.mktemp("sops"))
