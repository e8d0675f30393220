"""The guide's manifests with plain values: Flux is Ready, and PostgreSQL and Synapse really run and can be reached."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from typing import TYPE_CHECKING

from tests.testbed.forwarding import forwarded
from tests.testbed.repository import ADDRESS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.api import Resource
    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository

DATABASE = "deploy/matrix-postgres"
LOG_IN = "PGPASSWORD={} psql --host matrix-postgres --username synapse --command 'SELECT 1'"


def kubectl(program: Path, *arguments: str, code: int = 0) -> str:
    """Run it with KUBECONFIG; return what it printed, on either stream."""
    command = [str(program), "--namespace", "matrix", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, f"{arguments}: {done}"
    return done.stdout + done.stderr


def fetch(address: str, path: str) -> str:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def test_the_stack_runs(guide_repository: FluxRepository, cluster: Cluster, kubectl_binary: Path) -> None:
    values = guide_repository.fill_in()
    commit = guide_repository.push("Values")
    guide_repository.bootstrap()
    guide_repository.wait_applied(commit)

    with forwarded(kubectl_binary, "svc/synapse", 8008) as address:
        assert "versions" in json.loads(fetch(address, "/_matrix/client/versions"))
    assert fetch(f"{cluster.node_address}:30067", "/health") == "OK"
    assert ADDRESS in fetch(f"{cluster.node_address}:30080", "/config.json")

    in_database = (kubectl_binary, "exec", DATABASE, "--")
    assert "(1 row)" in kubectl(*in_database, "psql", "-U", "synapse", "-c", "SELECT 1")
    assert "(1 row)" in kubectl(*in_database, "/bin/sh", "-c", LOG_IN.format(values["POSTGRES_PASSWORD"]))
    refused = kubectl(*in_database, "sh", "-c", LOG_IN.format("another"), code=2)
    assert "password authentication failed" in refused
    assert kubectl(*in_database, "sh", "-c", "exit 7", code=7)

    register = ["register_new_matrix_user", "--config", "/conf/homeserver.yaml", "--user", "admin", "--admin"]
    in_synapse = (kubectl_binary, "exec", "deploy/synapse", "--container", "synapse", "--")
    assert "Success" in kubectl(*in_synapse, *register, "--password", "a password", "http://localhost:8008")
    assert "database system is ready" in kubectl(kubectl_binary, "logs", DATABASE)

    running = [one.process for pod in cluster.node.pods.values() for one in pod.containers if one.process is not None]
    assert len(running) == 4
    cluster.reset()
    assert all(process.poll() is not None for process in running)


def test_a_forward_to_postgres_asks_for_no_password(
    guide_repository: FluxRepository, cluster: Cluster, kubectl_binary: Path, postgres_bin_dir: Path
) -> None:
    """As in a real pod, whose pg_hba.conf trusts 127.0.0.1."""
    guide_repository.fill_in()
    guide_repository.push("Values")
    guide_repository.bootstrap()
    cluster.wait(lambda: (pod := cluster.node.pod("matrix-postgres")) is not None and pod.ready, "PostgreSQL")
    with forwarded(kubectl_binary, "svc/matrix-postgres", 5432) as address:
        host, _, port = address.partition(":")
        client = [str(postgres_bin_dir / "psql"), "--no-password", "--host", host, "--port", port]
        query = [*client, "--username", "synapse", "--command", "SELECT 1"]
        done = subprocess.run(query, capture_output=True, text=True, timeout=60, check=False)
    assert "(1 row)" in done.stdout, done.stderr


def test_a_database_keeps_its_first_password(guide_repository: FluxRepository, cluster: Cluster) -> None:
    """Synapse crashes on a changed one, and says why in its log."""
    first = guide_repository.fill_in()["POSTGRES_PASSWORD"]
    manifests = [guide_repository.root / f"apps/matrix/{name}.yaml" for name in ("postgres", "synapse")]
    guide_repository.recreate("postgres", "synapse")
    guide_repository.push("Values")
    guide_repository.bootstrap()
    guide_repository.wait_applied()
    for manifest in manifests:
        manifest.write_text(manifest.read_text().replace(first, "another"))
    guide_repository.annotate("synapse", "try", "again")
    guide_repository.push("Another password")
    cluster.wait(lambda: crashed(cluster), "Synapse crashes", 120)
    status = synapse_status(cluster)
    assert status["lastState"]["terminated"]["exitCode"] == 1
    pod = cluster.node.pod("synapse")
    assert pod is not None
    assert pod.containers[0].previous_log is not None
    assert "password authentication failed" in pod.containers[0].previous_log.text()
    assert not status["ready"]


def test_two_pods_on_one_volume_are_noticed(guide_repository: FluxRepository, cluster: Cluster) -> None:
    """The guide's own manifests: without a strategy, the new pod starts before the old one ends."""
    guide_repository.fill_in()
    guide_repository.push("Values")
    guide_repository.bootstrap()
    guide_repository.wait_applied()
    guide_repository.annotate("postgres", "try", "again")
    guide_repository.push("Roll")
    cluster.wait(lambda: cluster.node.usage.violations != [], "a violation")
    assert "ran on it" in cluster.node.usage.violations[0]
    cluster.node.usage.violations.clear()


def test_a_new_pod_finds_its_data(guide_repository: FluxRepository, cluster: Cluster, kubectl_binary: Path) -> None:
    guide_repository.fill_in()
    guide_repository.recreate("postgres", "synapse")
    guide_repository.push("Values")
    guide_repository.bootstrap()
    guide_repository.wait_applied()
    in_database = (kubectl_binary, "exec", DATABASE, "--", "psql", "-U", "synapse", "-c")
    kubectl(*in_database, "CREATE TABLE kept (it int)")
    old = cluster.node.pod("matrix-postgres")
    assert old is not None
    kubectl(kubectl_binary, "rollout", "restart", DATABASE)
    kubectl(kubectl_binary, "rollout", "status", DATABASE, "--timeout=60s")
    assert old.ended.is_set()
    assert "(0 rows)" in kubectl(*in_database, "SELECT * FROM kept")


def test_nothing_foreign_is_in_a_pod(guide_repository: FluxRepository, cluster: Cluster, kubectl_binary: Path) -> None:
    guide_repository.fill_in()
    guide_repository.push("Values")
    guide_repository.bootstrap()
    cluster.wait(lambda: (pod := cluster.node.pod("matrix-postgres")) is not None and pod.ready, "PostgreSQL")
    found = kubectl(kubectl_binary, "exec", DATABASE, "--", "env").splitlines()
    names = {line.partition("=")[0] for line in found if "=" in line}
    assert {"POSTGRES_USER", "POSTGRES_DB", "PGDATA", "HOSTNAME"} <= names
    assert not {"KUBECONFIG", "GIT_AUTHOR_NAME", "PYTEST_CURRENT_TEST"} & names
    assert "KUBECONFIG" in os.environ


def synapse_status(cluster: Cluster) -> Resource:
    """What the API server says about the container of the newest Synapse."""
    pods = cluster.api.list("v1/Pod", "matrix", label_selector="app=synapse")
    newest = max(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), default={})
    statuses = (newest.get("status") or {}).get("containerStatuses") or [{}]
    found: Resource = statuses[0]
    return found


def crashed(cluster: Cluster) -> bool:
    return bool(synapse_status(cluster).get("restartCount"))
