from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import settle
from tests.rotation.home import Home, deploy
from tests.testbed import repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository


@pytest.fixture(params=["guide", "sealed"])
def home(
    request: pytest.FixtureRequest, guide_repository: FluxRepository, cluster: Cluster, kubectl_binary: Path
) -> Home:
    """The stack running, in either layout."""
    return deploy(guide_repository, cluster, kubectl_binary, sealed=request.param == "sealed")


@pytest.fixture(scope="module")
def running(testbed: Cluster, tmp_path_factory: pytest.TempPathFactory, kubectl_binary: Path) -> Iterator[Home]:
    """The stack running in the sealed layout, once for all tests of a module."""
    testbed.reset()
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as env:
        settle(folder, env)
        env.setenv("KUBECONFIG", str(testbed.kubeconfig))
        made = repository.clone(testbed, tmp_path_factory.mktemp("clones") / "home-cluster")
        home = deploy(made, testbed, kubectl_binary, sealed=True)
        home.folder = folder
        yield home
        testbed.check()


@pytest.fixture
def sealed_home(running: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The same, at work; both clones know of everything."""
    settle(running.folder, monkeypatch)
    monkeypatch.setenv("KUBECONFIG", str(running.cluster.kubeconfig))
    if running.cluster.forge.head("matrix-secrets/rotation"):  # the test before has failed
        running.cli("rotate", "--resume", code=None)
    running.up_to_date()
    return running
