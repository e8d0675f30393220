from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.errors import Place
from matrix_secrets.operations.doctor import controller
from matrix_secrets.operations.doctor.owner import Seen, judge
from tests.unit.doctor.answers import COMMIT, NEWER, SCRUB, failed, owner, workload

if TYPE_CHECKING:
    from matrix_secrets.cluster.flux import LiveKustomization

DECLARED = Place("clusters/home/apps.yaml", "Kustomization/apps", ("spec", "decryption"))
SEEN = Seen(
    directory="apps/matrix",
    owner=owner(),
    declared=DECLARED,
    upstream=True,
    encrypted=True,
    secret_exists=True,
    default_exists=True,
    artifact=COMMIT,
    edit="in clusters/home/apps.yaml",
    where="k3s-home (https://192.168.1.100:6443)",
    kubectl="kubectl ",
    scrub=SCRUB,
)


def ids(found: LiveKustomization | None, **more: object) -> list[str]:
    return [finding.id for finding in judge(replace(SEEN, owner=found, **more)).findings]  # type: ignore[arg-type]


def test_all_is_well() -> None:
    verdict = judge(SEEN)
    assert (verdict.findings, verdict.bars, verdict.detail) == ((), False, "Kustomization/apps applied 6ed3777e")


def test_none_in_the_cluster() -> None:
    verdict = judge(replace(SEEN, owner=None))
    assert [finding.id for finding in verdict.findings] == ["owner-not-in-cluster"]
    assert "k3s-home" in verdict.findings[0].message
    assert "spec.path: ./apps/matrix" in judge(replace(SEEN, owner=None, declared=None)).findings[0].fix


def test_decryption() -> None:
    assert ids(owner(spec__decryption=None)) == ["decryption-not-in-force"]
    assert ids(owner(spec__decryption=None), encrypted=False) == []
    assert ids(owner(spec__decryption={"provider": "vault"})) == ["decryption-provider"]
    other = owner(spec__decryption={"provider": "sops", "secretRef": {"name": "keys"}})
    assert ids(other, secret_exists=False) == ["decryption-secret"]
    assert ids(other, secret_exists=False, default_exists=False) == []  # the cluster key is what is missing


def test_where_the_repository_decrypts_already() -> None:
    found = judge(replace(SEEN, owner=owner(spec__decryption=None))).findings[0]
    assert found.fix == "matrix-secrets cluster reconcile"
    found = judge(replace(SEEN, owner=owner(spec__decryption=None), upstream=False)).findings[0]
    assert found.fix == "matrix-secrets cluster enable-decryption --push"


def test_how_far_it_has_come() -> None:
    assert ids(owner(spec__suspend=True)) == ["owner-suspended"]
    assert ids(owner(metadata__generation=2)) == ["owner-not-observed"]
    assert ids(owner(), artifact=NEWER) == ["owner-behind"]
    progress = [{"type": "Reconciling", "status": "True", "reason": "Progressing", "message": "Fetching manifests"}]
    assert ids(owner(status__conditions=progress), artifact=NEWER) == []


@pytest.mark.parametrize(
    ("reason", "message", "name", "fix"),
    [
        (
            "BuildFailed",
            "apps/matrix/x.yaml: cannot get sops data key: no identity",
            "owner-cannot-decrypt",
            "cluster key",
        ),
        (
            "ReconciliationFailed",
            "Secret/matrix/matrix-secrets is SOPS encrypted, configuring decryption is required for this secret",
            "owner-cannot-decrypt",
            "enable-decryption --push",
        ),
        (
            "BuildFailed",
            "kustomize build failed: yaml: line 14: did not find expected key",
            "owner-cannot-build",
            "line 14",
        ),
        ("BuildFailed", "accumulating resources: no such file", "owner-cannot-build", "push it"),
        ("DependencyNotReady", "dependency 'flux-system/infrastructure' is not ready", "owner-waits", "infrastructure"),
        (
            "ReconciliationFailed",
            "Deployment/matrix/x dry-run failed (Invalid): spec.strategy.rollingUpdate: Forbidden: may not be",
            "owner-strategy-refused",
            "maxSurge: 0",
        ),
        ("ReconciliationFailed", "Service/x dry-run failed: spec.ports[0]: Invalid", "owner-cannot-apply", "reconcile"),
        ("ArtifactFailed", "Source artifact not found, retrying in 30s", "owner-failed", "source"),
        ("SomethingNew", "who knows", "owner-failed", "mend what it says"),
    ],
)
def test_what_the_controller_says(reason: str, message: str, name: str, fix: str) -> None:
    verdict = judge(replace(SEEN, owner=failed(reason, message)))
    assert [finding.id for finding in verdict.findings] == [name]
    assert verdict.bars
    found = verdict.findings[0]
    assert fix in found.fix
    assert f"applied 6ed3777e, but failed on 9b03d1e2: {message}" in found.message


def test_pods_that_are_not_healthy_are_behind_this_link() -> None:
    """With `wait: true` Flux fails for them, and what ails them is what the next links look at."""
    message = "timeout waiting for: [Deployment/matrix/synapse status: 'InProgress']"
    verdict = judge(replace(SEEN, owner=failed("HealthCheckFailed", message), artifact=NEWER))
    assert [finding.id for finding in verdict.findings] == ["owner-unhealthy"]
    assert not verdict.bars
    assert verdict.detail.startswith("Kustomization/apps applied 9b03d1e2")


def test_pods_that_flux_waits_for() -> None:
    text = f"Running health checks for revision main@sha1:{NEWER} with a timeout of 2m59s"
    waits = [
        {"type": "Reconciling", "status": "True", "reason": "Progressing", "message": text},
        {"type": "Ready", "status": "Unknown", "reason": "Progressing", "message": "Reconciliation in progress"},
    ]
    verdict = judge(replace(SEEN, owner=owner(status__conditions=waits), artifact=NEWER))
    assert verdict.findings == ()
    assert verdict.detail == "Kustomization/apps applied 9b03d1e2, and waits for its pods"


def test_the_controller() -> None:
    def found(live: str | None, image: str = "", *, only: bool = False, replicas: int = 1) -> list[str]:
        made = workload("controller", spec__replicas=replicas, status__readyReplicas=replicas) if live else None
        if made is not None and image:
            container = replace(made.containers[0], image=image)
            made = replace(made, containers=(container,))
        seen = controller.Seen(made, only, "in clusters/home/apps.yaml", "kubectl ")
        return [finding.id for finding in controller.judge(seen).findings]

    assert found("controller") == []
    assert found(None) == ["controller-missing"]
    assert found("controller", replicas=0) == ["controller-not-ready"]
    assert found("controller", only=True) == ["controller-flag-missing"]
    assert found("controller", "ghcr.io/fluxcd/kustomize-controller:v1.6.1", only=True) == ["controller-too-old"]
    assert found("controller", "ghcr.io/fluxcd/kustomize-controller:v1.6.1") == []
    assert found("controller", "ghcr.io/fluxcd/kustomize-controller@sha256:00", only=True) == [
        "controller-flag-missing"
    ]
