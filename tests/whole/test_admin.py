"""``admin create`` on a real Synapse, through the real API server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import Cli
from tests.cli.test_terminal import at_terminal
from tests.testbed.repository import ADDRESS

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository


def call(cluster: Cluster, path: str, body: object = None, token: str = "", port: int = 30067) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{cluster.node_address}:{port}{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def is_admin(cluster: Cluster, user: str, password: str, port: int = 30067) -> bool:
    """Log in and ask the admin API: it answers administrators only."""
    identifier = {"type": "m.id.user", "user": user}
    body = {"type": "m.login.password", "identifier": identifier, "password": password}
    status, found = call(cluster, "/_matrix/client/v3/login", body, port=port)
    assert status == 200, found
    status, answer = call(cluster, f"/_synapse/admin/v1/users/{user}/admin", token=found["access_token"], port=port)
    devices = call(cluster, "/_matrix/client/v3/devices", token=found["access_token"], port=port)[1]["devices"]
    assert len(devices) == 1, "only the one of this log-in"
    assert call(cluster, "/_matrix/client/v3/logout", {}, token=found["access_token"], port=port)[0] == 200
    return status == 200 and answer == {"admin": True}


@pytest.fixture
def running(guide_repository: FluxRepository) -> FluxRepository:
    """The stack in service, with registration closed."""
    guide_repository.fill_in()
    guide_repository.recreate("postgres", "synapse")
    manifest = guide_repository.root / "apps/matrix/synapse.yaml"
    manifest.write_text(manifest.read_text().replace("ion: true", "ion: false"))
    guide_repository.push("Values")
    guide_repository.bootstrap()
    guide_repository.wait_applied()
    return guide_repository


def test_administrators(running: FluxRepository, cluster: Cluster, tmp_path: Path) -> None:
    run = Cli(running.root)
    made = run("admin", "create", "admin", "--reveal", "--yes", "--json")
    assert made.json["user"] == f"@admin:{ADDRESS}"
    assert made.json["created"] is True
    assert is_admin(cluster, f"@admin:{ADDRESS}", made.json["password"])

    again = run("admin", "create", f"@admin:{ADDRESS}", "--reveal", "--yes", "--json").json
    assert again["created"] is False
    assert "password" not in again
    assert is_admin(cluster, f"@admin:{ADDRESS}", made.json["password"])

    refused = run("admin", "create", "second", "--yes", code=2)
    assert "nobody would see" in refused.err
    code, screen = at_terminal(run, "admin", "create", "second", typed="y\n", KUBECONFIG=os.environ["KUBECONFIG"])
    assert code == 0, screen
    assert f"Register @second:{ADDRESS} as administrator" in screen
    password = screen.split("scrollback:", 1)[1].split()[0]
    assert is_admin(cluster, f"@second:{ADDRESS}", password)

    (tmp_path / "password").write_text("correct horse battery\n")
    with (tmp_path / "password").open() as file:
        third = with_descriptor(run, file.fileno())
    assert "correct" not in third
    assert is_admin(cluster, f"@third:{ADDRESS}", "correct horse battery")


def test_another_secret_than_synapse_has(running: FluxRepository) -> None:
    run = Cli(running.root)
    manifests = [running.root / f"apps/matrix/{name}.yaml" for name in ("postgres", "synapse")]
    for manifest in manifests:
        lines = manifest.read_text().splitlines(keepends=True)
        changed = [line.replace(': "', ': "x') if "registration_shared_secret" in line else line for line in lines]
        changed = [line.replace(": ", ": x") if "REGISTRATION_SHARED" in line else line for line in changed]
        manifest.write_text("".join(changed))
    done = run("admin", "create", "admin", "--reveal", "--yes", code=4)
    assert "does not accept Git's registration_shared_secret" in done.err
    planned = run("admin", "create", "admin", "--dry-run")
    assert f"@admin:{ADDRESS}" in planned.out


def with_descriptor(run: Cli, number: int) -> str:
    """Run it with a file descriptor of ours."""
    words = ["admin", "create", "third", "--yes", "--password-fd", str(number)]
    command = [sys.executable, "-m", "matrix_secrets", *words]
    done = subprocess.run(command, cwd=run.repository, pass_fds=[number], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
