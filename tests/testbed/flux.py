"""kustomize-controller as a process, and what Flux says about a Kustomization."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.testbed.answering import answers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.api import Resource
    from tests.testbed.processes import Process, Processes

KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/v1/Kustomization"
SYSTEM = "flux-system"


def start_controller(processes: Processes, program: Path, kubeconfig: Path, address: str, folder: Path) -> Process:
    """Start it with access to everything."""
    process = processes.start(
        "kustomize-controller",
        [
            str(program),
            "--watch-all-namespaces=true",
            "--log-level=info",
            "--enable-leader-election=false",
            "--events-addr=",
            f"--metrics-addr={address}:8080",
            f"--health-addr={address}:9440",
        ],
        env={**os.environ, "KUBECONFIG": str(kubeconfig), "RUNTIME_NAMESPACE": SYSTEM, "TMPDIR": str(folder)},
    )
    process.wait_until(lambda: answers(f"http://{address}:9440/readyz"))
    return process


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
