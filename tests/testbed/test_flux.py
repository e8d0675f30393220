"""A push reaches the real Flux and, through it, the real API server."""

from __future__ import annotations

import base64
import os
import subprocess
from typing import TYPE_CHECKING

from tests.testbed import flux, repository

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository


def test_a_push_is_applied(guide_repository: FluxRepository, cluster: Cluster) -> None:
    values = guide_repository.fill_in()
    commit = guide_repository.push("Values")
    guide_repository.bootstrap()
    cluster.wait_applied(flux.SYSTEM, commit)
    cluster.wait(lambda: cluster.api.get("v1/Secret", "matrix-secrets", "matrix") is not None, "the Secret")
    data = cluster.api.must_get("v1/Secret", "matrix-secrets", "matrix")["data"]
    assert {key: base64.b64decode(data[key]).decode() for key in values} == values


def test_a_push_waits_for_a_request(guide_repository: FluxRepository, cluster: Cluster) -> None:
    cluster.forge.immediate = False
    first = guide_repository.head()
    guide_repository.bootstrap()
    cluster.wait_applied(flux.SYSTEM, first)
    guide_repository.fill_in()
    second = guide_repository.push("Values")
    cluster.request_reconcile()
    cluster.wait_applied(flux.SYSTEM, second)


def test_a_source_that_fails_says_so(flux_repository: FluxRepository, cluster: Cluster) -> None:
    cluster.wait_applied(flux.SYSTEM, flux_repository.head())
    cluster.forge.failure = "authentication required"
    flux_repository.fill_in()
    flux_repository.push("Values")
    cluster.wait(lambda: flux.ready(cluster.source()) == "False", "the source fails")
    assert "authentication required" in flux.message(cluster.source())
    cluster.forge.failure = ""
    cluster.request_reconcile()
    cluster.wait_applied(flux.SYSTEM, flux_repository.head())


def test_rights_are_checked(cluster: Cluster, kubectl_binary: Path) -> None:
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
    mine = {**os.environ, "KUBECONFIG": str(cluster.user(rule, namespace=flux.SYSTEM))}
    command = [str(kubectl_binary), "--context", cluster.context, "--namespace", flux.SYSTEM, "get"]
    assert subprocess.run([*command, "configmaps"], env=mine, check=False).returncode == 0
    refused = subprocess.run([*command, "secrets"], env=mine, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert 'cannot list resource "secrets"' in refused.stderr


def test_every_test_begins_with_an_empty_cluster(cluster: Cluster) -> None:
    assert cluster.api.list("v1/Secret", flux.SYSTEM) == []
    assert cluster.api.list(flux.KUSTOMIZATION) == []
    assert cluster.forge.head() == ""
    assert repository.GUIDE.is_dir()
