"""No ciphertext before Flux decrypts: asked of the cluster, and seen to be stopped by the tripwire."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cluster.sopsage import SYSTEM, keygen, put
from tests.testbed import flux

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.conftest import Home

PUSH = ["encrypt", "--push"]


def test_every_link_that_is_missing_is_refused_and_named(home: Home, age_keygen_binary: Path) -> None:
    home.fill_in()
    home.include()
    cli, head = home.cli, home.cluster.forge.head()
    assert "no spec.decryption" in cli(*PUSH, code=3).err
    cli("cluster", "enable-decryption", "--push")
    pushed = home.cluster.forge.head()
    assert pushed != head
    assert cli("cluster", "reconcile", code=4).err.count('"sops-age" not found') == 1
    assert "does not exist" in cli(*PUSH, code=3).err
    put(home, {"age.agekey": keygen(age_keygen_binary)})
    assert "no key in Secret flux-system/sops-age opens" in cli(*PUSH, code=3).err
    cli("cluster", "install-key", "--yes")
    cli("cluster", "reconcile")
    home.cluster.stop_flux()
    home.cluster.api.patch(flux.KUSTOMIZATION, "apps", SYSTEM, {"spec": {"retryInterval": "2m"}})
    assert "has not acted on" in cli(*PUSH, code=3).err
    home.cluster.api.patch(flux.KUSTOMIZATION, "apps", SYSTEM, {"spec": {"suspend": True}})
    assert "is suspended" in cli(*PUSH, code=3).err
    home.cluster.api.patch(flux.KUSTOMIZATION, "apps", SYSTEM, {"spec": {"suspend": None}})
    assert home.cluster.forge.head() == pushed
    home.cluster.start_flux()
    cli("cluster", "reconcile")
    cli(*PUSH)
    cli("cluster", "reconcile")


def test_a_key_that_would_lock_flux_out_is_not_pushed(home: Home) -> None:
    home.running()
    home.cli("keys", "remove", "cluster", "--force-cluster", "--yes")
    home.cli.commit_all()
    refused = home.cli("encrypt", "--push", code=3)
    assert "Flux could not decrypt" in refused.err
    home.cli("cluster", "install-key", "--push", "--yes")
    home.cli("cluster", "reconcile")


def test_the_tripwire_stops_flux_and_the_cure_works(home: Home) -> None:
    home.fill_in()
    home.include()
    home.cli(*PUSH, "--assume-decryption")
    failed = home.cli("cluster", "reconcile", "--json", code=4)
    assert "configuring decryption is required" in failed.json["error"]["cause"]
    assert home.cluster.api.get("v1/Secret", "matrix-secrets", "matrix") is None
    home.cli("cluster", "install-key", "--push", "--yes", "--assume-decryption")
    home.cli("cluster", "enable-decryption", "--push")
    home.cli("cluster", "reconcile")
    assert "ENC[" not in "".join(home.live_values().values())


def test_ciphertext_that_went_live_is_named_with_its_cure(home: Home, sops_binary: Path) -> None:
    home.cli("keys", "generate")
    home.cli.configure()
    home.cli("generate")
    text = home.own_identity().read_text()
    recipient = next(line for line in text.splitlines() if "public key" in line).rpartition(" ")[2]
    file = home.repository.root / "apps/matrix/postgres.yaml"
    options = ["--encrypt", "--in-place", "--age", recipient, "--encrypted-regex", "^(data|stringData)$"]
    subprocess.run([sops_binary, *options, file], check=True, capture_output=True)
    home.include()
    home.repository.push("By hand, without a tripwire")
    done = home.cli("cluster", "reconcile", "--json", code=1)
    (finding,) = [each for each in done.json["findings"] if each["id"] == "ciphertext-live"]
    assert "POSTGRES_PASSWORD" in finding["message"]
    assert "--heal" in finding["fix"]
    assert "matrix-secrets rotate postgres_password --heal" in home.cli("cluster", "reconcile", code=1).out
    home.cli("encrypt")
    home.cli("cluster", "install-key", "--yes", "--push", "--assume-decryption")
    home.cli("cluster", "enable-decryption", "--push")
    home.cli("cluster", "reconcile")
    assert "ENC[" not in "".join(home.live_values().values())


@pytest.mark.parametrize("named", ["--context", "KUBECONFIG"])
def test_an_unreachable_cluster_leaves_it_to_the_upstream_branch(home: Home, tmp_path: Path, named: str) -> None:
    home.fill_in()
    config = home.kubeconfig_of_nobody(tmp_path / "config")
    context = ["--context", home.cluster.context] if named == "--context" else []
    home.include()
    refused = home.cli(*PUSH, *context, code=3, KUBECONFIG=str(config))
    assert "on the upstream branch" in refused.err
    home.cli("cluster", "enable-decryption", "--push", KUBECONFIG=str(config))
    done = home.cli(*PUSH, "--json", *context, KUBECONFIG=str(config))
    (note,) = [each for each in done.json["findings"] if each["id"] == "cluster-not-asked"]
    assert "cannot be reached" in note["message"]
