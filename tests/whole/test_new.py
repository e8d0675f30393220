"""``new`` comes up on a real cluster as it is: nothing in it is edited."""

from __future__ import annotations

import base64
import shutil
from typing import TYPE_CHECKING

from tests.cli.running import Cli
from tests.testbed.repository import GUIDE, FluxRepository
from tests.whole.test_admin import is_admin
from tests.whole.test_registration import attempt

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.cluster import Cluster

NAME = "our.net"


def made(cluster: Cluster, place: Path) -> FluxRepository:
    """A new repository, with the forge as its remote and what ``flux bootstrap`` adds to it."""
    Cli(place)("keys", "generate")
    Cli(place)("new", "matrix", "--server-name", NAME, "--node-ip", "auto", "--commit")
    repository = FluxRepository(place / "matrix", cluster)
    shutil.copytree(GUIDE / "clusters/home/flux-system", repository.root / "clusters/home/flux-system")
    repository.git("remote", "add", "origin", str(cluster.forge.repository))
    return repository


def test_comes_up(cluster: Cluster, tmp_path: Path) -> None:
    repository = made(cluster, tmp_path)
    run = Cli(repository.root)
    run("cluster", "install-key", "--commit", "--yes")
    repository.push("What flux bootstrap adds")
    repository.bootstrap()
    repository.wait_applied(seconds=180)
    values = {row["name"]: row["value"] for row in run("show", "--reveal", "--json").json["secrets"]}
    live = cluster.api.must_get("v1/Secret", "matrix-secrets", "matrix")["data"]
    assert {name: base64.b64decode(live[name]).decode() for name in values} == values
    assert attempt(cluster)[0] == 403
    password = run("admin", "create", "admin", "--reveal", "--yes", "--json").json["password"]
    assert is_admin(cluster, f"@admin:{NAME}", password)
    assert run("verify", "--json").json["ok"]
