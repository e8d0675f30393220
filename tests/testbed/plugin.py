"""The testbed as fixtures: one cluster for the session, cleared before each test that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.testbed import cluster as clusters_
from tests.testbed import programs, repository, several

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository


@pytest.fixture(scope="session")
def testbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The session's cluster, in whatever state the last test left it: ask for ``cluster`` instead."""
    found = programs.find(*programs.CONTROL_PLANE, *programs.SERVICES)
    running = clusters_.start(tmp_path_factory.mktemp("testbed"), found)
    yield running
    running.stop()


@pytest.fixture
def cluster(testbed: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster with Flux and nothing else in it; KUBECONFIG names its administrator."""
    testbed.reset()
    monkeypatch.setenv("KUBECONFIG", str(testbed.kubeconfig))
    yield testbed
    testbed.check()


@pytest.fixture
def guide_repository(cluster: Cluster, tmp_path: Path) -> FluxRepository:
    """The guide's repository with its placeholders, pushed; Flux follows it once ``bootstrap()`` is called."""
    made = repository.clone(cluster, tmp_path / "home-cluster")
    made.push("The guide's manifests")
    return made


@pytest.fixture
def flux_repository(guide_repository: FluxRepository) -> FluxRepository:
    """The same, followed by Flux: as the guide assumes it, placeholders and all."""
    guide_repository.bootstrap()
    return guide_repository


@pytest.fixture(scope="session")
def second_testbed(testbed: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Another cluster beside the session's: ask for ``clusters`` instead."""
    running = clusters_.start(tmp_path_factory.mktemp("second"), testbed.programs)
    yield running
    running.stop()


@pytest.fixture
def clusters(
    cluster: Cluster, second_testbed: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Cluster, Cluster]]:
    """Two clusters; KUBECONFIG has the contexts ``home``, the current one, and ``office``."""
    second_testbed.reset()
    both = {several.HOME: cluster, several.OFFICE: second_testbed}
    monkeypatch.setenv("KUBECONFIG", str(several.merged(tmp_path / "kubeconfig", both)))
    yield cluster, second_testbed
    second_testbed.check()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of each log with a failing test."""
    report = yield
    for name in ("testbed", "second_testbed"):
        running = getattr(item, "funcargs", {}).get(name)
        if report.failed and running is not None:
            report.sections.append((name, running.logs()))
    return report
