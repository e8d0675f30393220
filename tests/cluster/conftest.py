from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import Cli

if TYPE_CHECKING:
    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository


@dataclass
class Home:
    """The guide's repository, followed by a real Flux, and the command in it."""

    repository: FluxRepository
    cluster: Cluster
    cli: Cli


@pytest.fixture
def home(guide_repository: FluxRepository, cluster: Cluster) -> Home:
    """Placeholders everywhere, bootstrapped; ``apps`` does not wait for pods."""
    guide_repository.edit("clusters/home/apps.yaml", "  wait: true\n", "")
    guide_repository.push("No waiting")
    guide_repository.bootstrap()
    guide_repository.wait_applied()
    return Home(guide_repository, cluster, Cli(guide_repository.root))
