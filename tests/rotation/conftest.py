from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rotation.home import Home, deploy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository


@pytest.fixture(params=["guide", "sealed"])
def home(
    request: pytest.FixtureRequest, guide_repository: FluxRepository, cluster: Cluster, kubectl_binary: Path
) -> Home:
    """The stack running, in either layout."""
    return deploy(guide_repository, cluster, kubectl_binary, sealed=request.param == "sealed")


@pytest.fixture
def sealed_home(guide_repository: FluxRepository, cluster: Cluster, kubectl_binary: Path) -> Home:
    """The stack running in the sealed layout."""
    return deploy(guide_repository, cluster, kubectl_binary, sealed=True)
