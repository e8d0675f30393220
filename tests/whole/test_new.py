"""What ``new`` writes: the API server takes every manifest, and all of it comes up as it is, without an edit."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections import Counter
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


def dry_run(kubectl: Path, text: str) -> subprocess.CompletedProcess[str]:
    """What the API server says to a manifest; nothing is made."""
    command = [str(kubectl), "apply", "--dry-run=server", "--validate=strict", "--output=name", "--filename=-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def test_the_api_server_takes_every_manifest(cluster: Cluster, tmp_path: Path, kubectl_binary: Path) -> None:
    Cli(tmp_path)("keys", "generate")
    Cli(tmp_path)("new", "matrix", "--server-name", NAME, "--node-ip", "192.168.1.100")
    run = Cli(tmp_path / "matrix")
    namespace = [str(kubectl_binary), "apply", "--filename", str(run.repository / "apps/matrix/namespace.yaml")]
    subprocess.run(namespace, check=True, capture_output=True)  # a dry run in a namespace that is not there is refused
    taken: list[str] = []
    for file, content in sorted(run.tree().items()):
        if not file.endswith(".yaml") or file.endswith((".sops.yaml", "kustomization.yaml")):
            continue
        text = run("decrypt", file).out if b"ENC[" in content else content.decode()
        done = dry_run(kubectl_binary, text)
        assert (done.returncode, done.stderr) == (0, ""), (file, done.stderr)
        taken += done.stdout.split()
        refused = dry_run(kubectl_binary, f"{text}unheard: of\n")
        assert 'unknown field "unheard"' in refused.stderr, file
    assert Counter(name.partition("/")[0] for name in taken) == {
        "namespace": 1,
        "secret": 1,
        "configmap": 2,
        "persistentvolumeclaim": 2,
        "deployment.apps": 3,
        "service": 3,
        "kustomization.kustomize.toolkit.fluxcd.io": 1,
    }
    assert cluster.api.list("apps/v1/Deployment", "matrix") == []


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
