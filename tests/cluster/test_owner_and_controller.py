"""The owner changed live, and the controller's flag, with the real kustomize-controller."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cluster.sopsage import SYSTEM
from tests.testbed import flux

if TYPE_CHECKING:
    from tests.cluster.conftest import Home

LIVE = ["cluster", "enable-decryption", "--live"]
FLAG = "--sops-age-secret=sops-age"


def decryption(home: Home) -> object:
    return home.cluster.kustomization("apps")["spec"].get("decryption")


def test_the_live_owner(home: Home) -> None:
    before = home.cli.tree()
    assert "testbed" in home.cli(*LIVE, code=2).err, "it asks"
    assert "decryption added" in home.cli(*LIVE, "--dry-run").out
    assert decryption(home) is None
    done = home.cli(*LIVE, "--yes")
    assert "in the cluster only" in done.out
    whole = {"provider": "sops", "secretRef": {"name": "sops-age"}}
    assert decryption(home) == whole
    assert "decrypts already" in home.cli(*LIVE).out
    assert home.cli.tree() == before
    home.cli("cluster", "reconcile", code=4)  # there is no key yet
    assert decryption(home) == whole, "Flux leaves what its repository says nothing of"
    home.repository.edit(
        "clusters/home/apps.yaml", "  prune: true\n", "  prune: true\n  decryption: {provider: sops}\n"
    )
    home.repository.push("Says otherwise")
    home.cli("cluster", "reconcile", code=None)
    assert decryption(home) == whole


@pytest.mark.parametrize(
    "arguments", [[*LIVE, "--yes"], ["cluster", "reconcile"], ["cluster", "reconcile", "--dry-run"]]
)
def test_a_cluster_without_the_owner(quiet_home: Home, arguments: list[str]) -> None:
    """As where the context is that of another cluster, whose Kustomization of the same name applies something else."""
    api, before = quiet_home.cluster.api, quiet_home.cli.tree()
    source = {"kind": "GitRepository", "name": "flux-system"}
    spec = {"interval": "5m", "path": "./other", "prune": True, "sourceRef": source}
    version, _, kind = flux.KUSTOMIZATION.rpartition("/")
    name = {"name": "apps", "namespace": SYSTEM}
    api.apply({"apiVersion": version, "kind": kind, "metadata": name, "spec": spec})
    done = quiet_home.cli(*arguments, code=3)
    assert re.search(r"testbed \(\S+\) has no Flux Kustomization that applies apps/matrix\n", done.err)
    assert "--context NAME; kubectl get kustomizations -A lists them" in done.err
    found = api.must_get(flux.KUSTOMIZATION, "apps", SYSTEM)
    assert "decryption" not in found["spec"]
    assert "annotations" not in found["metadata"]
    assert quiet_home.cli.tree() == before


def test_live_and_files_do_not_mix(home: Home) -> None:
    home.cli(*LIVE, "--push", code=2)
    assert "take it back" in home.cli(*LIVE, "--controller-flag", code=2).err


@pytest.mark.parametrize("asked", [True, False])
def test_the_controllers_flag_from_end_to_end(home: Home, *, asked: bool) -> None:
    home.fill_in()
    context = ["--context", home.cluster.context] if asked else []
    home.cli("cluster", "install-key", "--yes")
    home.cli("cluster", "enable-decryption", "--controller-flag", "--push", *context)
    home.cli("cluster", "reconcile")
    home.cluster.wait(lambda: FLAG in arguments(home), "the flag")
    home.cluster.wait(lambda: home.cli("cluster", "reconcile", code=None).code == 0, "the controller anew")
    assert decryption(home) == {"provider": "sops"}
    home.include()
    home.cli("encrypt", "--push")
    home.cli("cluster", "reconcile")
    assert "ENC[" not in "".join(home.live_values().values())
    before = home.cli.tree()
    home.cli("cluster", "enable-decryption", "--controller-flag")
    home.cli("cluster", "enable-decryption")
    assert home.cli.tree() == before


def test_a_running_controller_that_is_too_old(home: Home) -> None:
    image = {"name": "manager", "image": "ghcr.io/fluxcd/kustomize-controller:v1.6.0"}
    home.cluster.stop_flux()
    name = "apps/v1/Deployment"
    deployment = home.cluster.api.must_get(name, "kustomize-controller", SYSTEM)
    containers = [{**deployment["spec"]["template"]["spec"]["containers"][0], **image}]
    patch = {"spec": {"replicas": 0, "template": {"spec": {"containers": containers}}}}
    home.cluster.api.patch(name, "kustomize-controller", SYSTEM, patch)
    before = home.cli.tree()
    refused = home.cli("cluster", "enable-decryption", "--controller-flag", code=3)
    assert "1.6, in the cluster" in refused.err
    assert home.cli.tree() == before


def arguments(home: Home) -> list[str]:
    deployment = home.cluster.api.must_get("apps/v1/Deployment", "kustomize-controller", SYSTEM)
    found: list[str] = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    return found
