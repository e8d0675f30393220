"""``turn enable`` on a real cluster: Synapse hands out credentials that the shared secret made."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

from tests.cli.running import Cli
from tests.testbed.repository import ADDRESS
from tests.whole.test_admin import call

if TYPE_CHECKING:
    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository


def test_credentials(guide_repository: FluxRepository, cluster: Cluster) -> None:
    guide_repository.fill_in()
    guide_repository.recreate("postgres", "synapse")
    run = Cli(guide_repository.root)
    run("turn", "enable")
    secret = run("show", "turn_shared_secret", "--reveal", "--json").json["secrets"][0]["value"]
    guide_repository.push("With TURN")
    guide_repository.bootstrap()
    guide_repository.wait_applied()
    password = run("admin", "create", "admin", "--reveal", "--yes", "--json").json["password"]
    identifier = {"type": "m.id.user", "user": "admin"}
    body = {"type": "m.login.password", "identifier": identifier, "password": password}
    token = call(cluster, "/_matrix/client/v3/login", body)[1]["access_token"]
    status, found = call(cluster, "/_matrix/client/v3/voip/turnServer", token=token)
    assert status == 200
    assert found["uris"] == [f"turn:{ADDRESS}:3478?transport={transport}" for transport in ("udp", "tcp")]
    made = hmac.digest(secret.encode(), found["username"].encode(), "sha1")
    assert found["password"] == base64.b64encode(made).decode()
    cluster.wait(lambda: cluster.api.get("apps/v1/Deployment", "coturn", "matrix") is not None, "coturn's Deployment")
