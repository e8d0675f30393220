"""``tls enable`` on a real cluster: the API server takes the Ingress, Synapse answers for its own name."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

from tests.cli.running import Cli

if TYPE_CHECKING:
    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository

DOMAIN = "matrix.our.net"


def test_applied_and_answering(guide_repository: FluxRepository, cluster: Cluster) -> None:
    run = Cli(guide_repository.root)
    run("configure", "--server-name", DOMAIN, "--node-ip", cluster.node_address)
    run("generate")
    guide_repository.recreate("postgres", "synapse")
    run("tls", "enable", "--domain", DOMAIN, "--issuer", "letsencrypt")
    guide_repository.push("With TLS")
    guide_repository.bootstrap()
    guide_repository.wait_applied()
    ingress = cluster.api.must_get("networking.k8s.io/v1/Ingress", "matrix", "matrix")
    assert ingress["spec"]["tls"][0]["hosts"] == [DOMAIN]
    url = f"http://{cluster.node_address}"
    with urllib.request.urlopen(f"{url}:30067/.well-known/matrix/server", timeout=30) as answer:
        assert json.loads(answer.read()) == {"m.server": f"{DOMAIN}:443"}
    with urllib.request.urlopen(f"{url}:30067/.well-known/matrix/client", timeout=30) as answer:
        assert json.loads(answer.read())["m.homeserver"]["base_url"].rstrip("/") == f"https://{DOMAIN}"
    with urllib.request.urlopen(f"{url}:30080/config.json", timeout=30) as answer:
        server = json.loads(answer.read())["default_server_config"]["m.homeserver"]
    assert server["base_url"] == f"https://{DOMAIN}"
