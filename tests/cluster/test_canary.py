"""Neither the cluster's identity nor a lent one leaves its place, however a command that handles it ends."""

from __future__ import annotations

import base64
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.canary.cases import PUSH, Case
from tests.canary.leaks import Search, standing
from tests.canary.markers import Markers
from tests.canary.repositories import build, environment
from tests.canary.running import Place, Runner
from tests.cluster import tcpproxy
from tests.cluster.sopsage import OWN_ENTRY, SYSTEM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.testbed.cluster import Cluster

INSTALL = ("cluster", "install-key", "--yes")
LENT = ("--identity", "{home}/.config/sops/age/keys.txt")


@pytest.fixture
def markers() -> Markers:
    return Markers.new()


@pytest.fixture
def runner(markers: Markers) -> Iterator[Runner]:
    made = Runner(markers)
    yield made
    made.close()


@pytest.fixture
def place(tmp_path: Path, markers: Markers, runner: Runner) -> Place:
    """An encrypted repository with markers, and with Bob among the readers."""
    build(tmp_path / "states", markers, runner)
    shutil.copytree(tmp_path / "states/shared", tmp_path / "place", symlinks=True)
    return Place(tmp_path / "place")


def search(place: Place, markers: Markers, runner: Runner, kubeconfig: Path, *argv: str, code: int = 0) -> None:
    """Run a command at the highest verbosity, both ways, and look everywhere."""
    for flags in (("-v",), ("-v", "--json")):
        words = tuple(word.replace("{home}", str(place.home)) for word in argv)
        before = standing(place, markers)
        env = {**environment(place), "KUBECONFIG": str(kubeconfig)}
        trace = runner.run(place, [*words, *flags], env)
        assert trace.code == code, (argv, trace.out, trace.err)
        assert Search(Case(words), place, markers, trace, before).everywhere() == []


def put(cluster: Cluster, **texts: str) -> None:
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sops-age", "namespace": SYSTEM}}
    cluster.api.apply({**body, "stringData": {f"{name}.agekey": text for name, text in texts.items()}})


def test_a_lent_identity(cluster: Cluster, place: Place, markers: Markers, runner: Runner) -> None:
    search(place, markers, runner, cluster.kubeconfig, *INSTALL, *LENT)
    assert any(OWN_ENTRY.fullmatch(entry) for entry in cluster.api.must_get("v1/Secret", "sops-age", SYSTEM)["data"])


def test_identities_that_are_there(cluster: Cluster, place: Place, markers: Markers, runner: Runner) -> None:
    put(cluster, mine=f"{markers.identity}\n", bob=f"{markers.bob}\n")
    search(place, markers, runner, cluster.kubeconfig, *INSTALL, *PUSH)
    search(place, markers, runner, cluster.kubeconfig, *INSTALL, "--new", *PUSH)
    search(place, markers, runner, cluster.kubeconfig, *INSTALL, "--prune")


def test_failures(cluster: Cluster, place: Place, markers: Markers, runner: Runner, tmp_path: Path) -> None:
    put(cluster, mine=f"{markers.identity}\n", broken=f"{markers.bob} {markers.broken}\n")
    search(place, markers, runner, cluster.kubeconfig, *INSTALL, code=3)
    search(place, markers, runner, cluster.kubeconfig, *INSTALL, *LENT, code=3)
    cluster.api.delete("v1/Secret", "sops-age", SYSTEM)
    search(place, markers, runner, cluster.user(), *INSTALL, *LENT, code=4)
    search(place, markers, runner, cluster.kubeconfig, "cluster", "reconcile", code=3)
    with tcpproxy.before(cluster, tmp_path / "config", turns=3):
        search(place, markers, runner, tmp_path / "config", *INSTALL, *LENT, code=4)


def test_the_identity_that_is_made_stays_in_the_cluster(cluster: Cluster, place: Place, runner: Runner) -> None:
    env = {**environment(place), "KUBECONFIG": str(cluster.kubeconfig)}
    trace = runner.run(place, [*INSTALL, "-v"], env)
    assert trace.code == 0
    (key,) = made(cluster)
    assert key.startswith("AGE-SECRET-KEY-1")
    bare = key.removeprefix("AGE-SECRET-KEY-").lower().encode()
    texts = [trace.out, trace.err, repr(trace.notes).encode(), place.objects()]
    texts += [path.read_bytes() for path in place.directory.rglob("*") if path.is_file()]
    assert not any(bare in text.lower() for text in texts)


def made(cluster: Cluster) -> list[str]:
    data = cluster.api.must_get("v1/Secret", "sops-age", SYSTEM)["data"]
    return [base64.b64decode(text).decode().splitlines()[-1] for text in data.values()]
