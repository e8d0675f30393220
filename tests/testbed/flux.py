"""Flux' own resources, and what it says about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from tests.testbed.api import Resource

KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/v1/Kustomization"
SYSTEM = "flux-system"
CONTROLLER = "kustomize-controller"
GUIDE = Path(__file__).resolve().parent.parent / "fixtures/guide"
COMPONENTS = GUIDE / "clusters/home/flux-system/gotk-components.yaml"


def components() -> list[Resource]:
    """What ``flux install`` puts into the cluster, apart from the CRDs."""
    documents = yaml.load_all(COMPONENTS.read_text(), Loader=yaml.CSafeLoader)
    return [document for document in documents if document]


def ready_on(kustomization: Resource, commit: str) -> bool:
    """Tell whether it applied exactly this commit with its present spec."""
    status = kustomization.get("status") or {}
    return (
        ready(kustomization) == "True"
        and status.get("observedGeneration") == kustomization["metadata"]["generation"]
        and str(status.get("lastAppliedRevision", "")).endswith(f":{commit}")
    )


def ready(resource: Resource) -> str:
    """The status of its Ready condition, empty without one."""
    return str(ready_condition(resource).get("status", ""))


def message(resource: Resource) -> str:
    return str(ready_condition(resource).get("message", ""))


def ready_condition(resource: Resource) -> Resource:
    conditions = (resource.get("status") or {}).get("conditions") or []
    found: Resource = next((one for one in conditions if one["type"] == "Ready"), {})
    return found
