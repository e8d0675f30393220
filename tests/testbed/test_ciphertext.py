"""What the real Flux does with ciphertext, which the order of two pushes and the tripwire rest on."""

from __future__ import annotations

import base64
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from pyrage import x25519

from tests.testbed import flux

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.api import Resource
    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository

SECRET = """apiVersion: v1
kind: Secret
metadata:
  name: matrix-secrets
  namespace: matrix
stringData:
  POSTGRES_PASSWORD: a-secret-value
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: matrix\n"
TRIPWIRE = "data:\n  MATRIX_SECRETS_DIGEST_KEY: c29tZXRoaW5n\n"


@pytest.fixture
def identity() -> x25519.Identity:
    return x25519.Identity.generate()


@pytest.fixture
def secret_only(guide_repository: FluxRepository, sops_binary: Path, identity: x25519.Identity) -> FluxRepository:
    """The guide's repository with nothing in its stack but one encrypted Secret."""
    stack = guide_repository.root / "apps/matrix"
    for file in stack.iterdir():
        file.unlink()
    (stack / "kustomization.yaml").write_text("resources: [namespace.yaml, secret.yaml]\n")
    (stack / "namespace.yaml").write_text(NAMESPACE)
    encrypt(stack / "secret.yaml", SECRET, sops_binary, identity)
    return guide_repository


def encrypt(file: Path, text: str, sops: Path, identity: x25519.Identity) -> None:
    file.write_text(text)
    command = [str(sops), "encrypt", "--in-place", "--encrypted-regex", "^(data|stringData)$", str(file)]
    environment = {**os.environ, "SOPS_AGE_RECIPIENTS": str(identity.to_public())}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert "a-secret-value" not in file.read_text()


def live(cluster: Cluster) -> Resource | None:
    return cluster.api.get("v1/Secret", "matrix-secrets", "matrix")


def password(cluster: Cluster) -> str:
    found = live(cluster)
    assert found is not None
    return base64.b64decode(found["data"]["POSTGRES_PASSWORD"]).decode()


def test_without_decryption_flux_applies_ciphertext(secret_only: FluxRepository, cluster: Cluster) -> None:
    commit = secret_only.push("Encrypted")
    secret_only.bootstrap()
    cluster.wait_applied("apps", commit)  # Ready, without a word
    assert password(cluster).startswith("ENC[AES256_GCM,")


def test_the_tripwire_stops_flux(
    secret_only: FluxRepository, cluster: Cluster, sops_binary: Path, identity: x25519.Identity
) -> None:
    encrypt(secret_only.root / "apps/matrix/secret.yaml", SECRET + TRIPWIRE, sops_binary, identity)
    secret_only.push("Encrypted")
    secret_only.bootstrap()
    cluster.wait(lambda: "SOPS encrypted" in flux.message(cluster.kustomization("apps")), "Flux stops")
    assert flux.ready(cluster.kustomization("apps")) == "False"
    assert live(cluster) is None


def test_with_decryption_flux_applies_the_value(
    secret_only: FluxRepository, cluster: Cluster, sops_binary: Path, identity: x25519.Identity
) -> None:
    encrypt(secret_only.root / "apps/matrix/secret.yaml", SECRET + TRIPWIRE, sops_binary, identity)
    decryption = "  decryption:\n    provider: sops\n    secretRef:\n      name: sops-age\n"
    secret_only.edit("clusters/home/apps.yaml", "  prune: true\n", f"  prune: true\n{decryption}")
    commit = secret_only.push("Encrypted")
    key = {"age.agekey": base64.b64encode(str(identity).encode()).decode()}
    meta = {"name": "sops-age", "namespace": flux.SYSTEM}
    cluster.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": key})
    secret_only.bootstrap()
    cluster.wait_applied("apps", commit)
    assert password(cluster) == "a-secret-value"


def test_the_controller_runs_with_the_arguments_of_its_deployment(
    secret_only: FluxRepository, cluster: Cluster, identity: x25519.Identity
) -> None:
    """Patched beside the generated files, as the guide says: then a Kustomization needs no secretRef."""
    secret_only.edit("clusters/home/apps.yaml", "  prune: true\n", "  prune: true\n  decryption: {provider: sops}\n")
    key = {"age.agekey": base64.b64encode(str(identity).encode()).decode()}
    meta = {"name": "fallback", "namespace": flux.SYSTEM}
    cluster.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": key})
    secret_only.edit(
        "clusters/home/flux-system/kustomization.yaml",
        "- gotk-sync.yaml\n",
        """- gotk-sync.yaml
patches:
- patch: |
    - op: add
      path: /spec/template/spec/containers/0/args/-
      value: --sops-age-secret=fallback
  target:
    kind: Deployment
    name: kustomize-controller
""",
    )
    commit = secret_only.push("Patched")
    secret_only.bootstrap()
    cluster.wait_applied("apps", commit)
    assert password(cluster) == "a-secret-value"
    cluster.node.usage.violations.clear()
