"""``registration`` and ``federation`` on a real cluster: Flux applies, Synapse restarts, and says so itself."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import Cli

if TYPE_CHECKING:
    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository


def attempt(cluster: Cluster, port: int = 30067) -> tuple[int, dict[str, object]]:
    """Try to register from outside, through the NodePort."""
    url = f"http://{cluster.node_address}:{port}/_matrix/client/v3/register"
    try:
        with urllib.request.urlopen(url, data=b"{}", timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def running(repository: FluxRepository) -> Cli:
    """The guide's stack with real values, in service."""
    repository.fill_in()
    repository.recreate("postgres", "synapse")
    repository.push("Values")
    repository.bootstrap()
    repository.wait_applied()
    return Cli(repository.root)


def test_closed_and_proved(guide_repository: FluxRepository, cluster: Cluster) -> None:
    run = running(guide_repository)
    assert attempt(cluster)[0] == 401
    old = cluster.node.pod("synapse")
    database = cluster.node.pod("matrix-postgres")

    done = run("registration", "close", "--push", "--allow-plaintext")
    assert "POST /register: 403 M_FORBIDDEN" in done.out
    status, said = attempt(cluster)
    assert (status, said["errcode"]) == (403, "M_FORBIDDEN")
    assert cluster.node.pod("synapse") is not old
    assert cluster.node.pod("matrix-postgres") is database

    new, head = cluster.node.pod("synapse"), guide_repository.head()
    again = run("registration", "close", "--push", "--allow-plaintext", "--json").json
    assert again["changes"] == []
    assert [proof["answer"] for proof in again["proofs"]] == ["403 M_FORBIDDEN"]
    assert cluster.node.pod("synapse") is new
    assert guide_repository.head() == head

    # Anything but the truth is an error: the switch is off in Git, and Synapse has not restarted.
    guide_repository.edit("apps/matrix/synapse.yaml", "enable_registration: false", "enable_registration: true")
    guide_repository.push("By hand, without a digest")
    opened = run("registration", "open", "--push", "--allow-plaintext")
    assert "registration is open" in opened.out
    assert attempt(cluster)[0] == 401


def test_without_a_cluster_nothing_is_asked(guide_repository: FluxRepository) -> None:
    guide_repository.fill_in()
    guide_repository.push("Values")
    run = Cli(guide_repository.root)
    done = run("registration", "close", "--push", "--allow-plaintext", KUBECONFIG="")
    assert "M_FORBIDDEN" not in done.out
    assert "Next: matrix-secrets cluster reconcile" in done.out
    assert run("registration", "close", KUBECONFIG="").out == "  · Registration is closed already.\n"


def test_federation_off_is_what_synapse_does(guide_repository: FluxRepository, cluster: Cluster) -> None:
    run = running(guide_repository)
    run("federation", "off", "--push", "--allow-plaintext")
    run("cluster", "reconcile")
    cluster.wait(lambda: (pod := cluster.node.pod("synapse")) is not None and pod.ready, "Synapse")
    url = f"http://{cluster.node_address}:30067/_matrix/client/v3/profile/@somebody:matrix.org"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, timeout=60)
    found = json.loads(caught.value.read())
    assert found["errcode"] == "M_FORBIDDEN", found
    assert "denied" in found["error"]
