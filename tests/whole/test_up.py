"""``up`` on a real cluster: from the guide's placeholders, which Flux has applied, to an administrator who logs in."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

from tests.cli.running import Cli
from tests.testbed.repository import ADDRESS
from tests.whole.test_admin import is_admin
from tests.whole.test_registration import attempt

if TYPE_CHECKING:
    from typing import Any

    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository

ANSWERS = ("--server-name", ADDRESS, "--node-ip", "auto", "--reveal", "--yes")


def works(cluster: Cluster, repository: FluxRepository, done: dict[str, Any], name: str = ADDRESS) -> None:
    """All that the guide's Steps 9 to 15 look for, and nothing readable in Git."""
    assert is_admin(cluster, f"@admin:{name}", done["password"])
    status, said = attempt(cluster)
    assert (status, said["errcode"]) == (403, "M_FORBIDDEN")
    with urllib.request.urlopen(f"http://{cluster.node_address}:30080/config.json", timeout=30) as answer:
        server = json.loads(answer.read())["default_server_config"]["m.homeserver"]
    assert server == {"base_url": f"http://{cluster.node_address}:30067", "server_name": name}
    run = Cli(repository.root)
    values = [row["value"] for row in run("show", "--reveal", "--json").json["secrets"]]
    history = repository.git("log", "-p", "--all")
    assert not any(value in history for value in [*values, done["password"]])
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("rev-parse", "HEAD", "@{upstream}").split() == [repository.head()] * 2
    assert run("doctor").code == 0


def test_from_the_guide_s_placeholders(flux_repository: FluxRepository, cluster: Cluster) -> None:
    flux_repository.wait_applied(seconds=180)
    run = Cli(flux_repository.root)
    done = run("up", *ANSWERS, "--json").json
    works(cluster, flux_repository, done)
    assert next(step for step in done["steps"] if step["step"] == "database")["changed"] is True
    assert cluster.node.usage.violations == []
    head, pods = flux_repository.head(), {name: cluster.node.pod(name) for name in ("synapse", "matrix-postgres")}
    again = run("up", "--reveal", "--yes", "--json").json
    assert [step["step"] for step in again["steps"] if step["changed"]] == []
    assert "password" not in again
    assert flux_repository.head() == head
    assert {name: cluster.node.pod(name) for name in pods} == pods
