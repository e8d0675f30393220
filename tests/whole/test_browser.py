"""From Element to Synapse, in a real browser: address, CORS and mixed content are checked by what users have.

Element Web itself is only to be had as an image. What it does first is done here from its origin: it reads the
config.json that is served there, asks the homeserver named in it for its versions, and logs in.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import Cli
from tests.whole.browser import PageError, opened
from tests.whole.test_new import NAME, made

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.cluster import Cluster

LOG_IN = """
async user => {
    const config = await (await fetch("config.json")).json();
    const server = config.default_server_config["m.homeserver"];
    const url = server.base_url + "/_matrix/client/";
    const versions = await fetch(url + "versions");
    const login = await fetch(url + "v3/login", {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify({type: "m.login.password", ...user}),
    });
    const token = (await login.json()).access_token;
    const whoami = await fetch(url + "v3/account/whoami", {headers: {Authorization: "Bearer " + token}});
    return {
        origins: [location.origin, new URL(url).origin],
        kinds: [versions.type, login.type, whoami.type],
        versions: (await versions.json()).versions,
        who: (await whoami.json()).user_id,
        name: server.server_name,
    };
}
"""


@pytest.mark.needs("chromium")
def test_element_s_origin_logs_in_at_the_homeserver_it_names(
    cluster: Cluster, tmp_path: Path, chromium_binary: Path
) -> None:
    repository = made(cluster, tmp_path)
    run = Cli(repository.root)
    run("cluster", "install-key", "--commit", "--yes")
    repository.push("What flux bootstrap adds")
    repository.bootstrap()
    repository.wait_applied(seconds=180)
    password = run("admin", "create", "admin", "--reveal", "--yes", "--json").json["password"]
    element, synapse = (f"http://{cluster.node_address}:{port}" for port in (30080, 30067))
    user = {"identifier": {"type": "m.id.user", "user": "admin"}, "password": password}
    with opened(chromium_binary, tmp_path / "profile") as page:
        page.go_to(f"{element}/")
        found = page.run(f"({LOG_IN})({json.dumps(user)})")
        assert found["versions"]
        del found["versions"]
        assert found == {
            "origins": [element, synapse],
            "kinds": ["cors"] * 3,  # another origin, which let this one read its answers
            "who": f"@admin:{NAME}",
            "name": NAME,
        }
        page.go_to(f"{synapse}/_matrix/client/versions")
        with pytest.raises(PageError, match="Failed to fetch"):  # the control: Element lets no other origin read
            page.run(f"fetch('{element}/config.json')")
