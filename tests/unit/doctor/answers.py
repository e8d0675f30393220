"""Objects as a real API server answered for them, single fields changed."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matrix_secrets.cluster.flux import live_kustomization, live_source
from matrix_secrets.cluster.workloads import live_pod, live_workload
from matrix_secrets.operations.doctor.running import PodState, Running
from matrix_secrets.operations.doctor.said import Scrubber

if TYPE_CHECKING:
    from matrix_secrets.cluster.flux import LiveKustomization, LiveSource
    from matrix_secrets.cluster.workloads import LivePod, LiveWorkload
    from matrix_secrets.operations.doctor.symptoms import Recognised

OBJECTS = Path(__file__).parent / "objects"
COMMIT = "6ed3777e52726cdbe5d9b22ca3b6dfa2c124f6e2"
NEWER = "9b03d1e2aa726cdbe5d9b22ca3b6dfa2c124f6e2"
SCRUB = Scrubber(())


def answer(name: str, **changes: object) -> dict[str, Any]:
    """An object; ``spec__suspend=True`` changes a field, None takes it away."""
    found: dict[str, Any] = deepcopy(json.loads((OBJECTS / f"{name}.json").read_text()))
    for path, value in changes.items():
        *above, last = path.split("__")
        node = found
        for key in above:
            node = node.setdefault(key, {})
        if value is None:
            node.pop(last, None)
        else:
            node[last] = value
    return found


def owner(**changes: object) -> LiveKustomization:
    return live_kustomization(answer("owner", **changes))


def failed(reason: str, message: str, **changes: object) -> LiveKustomization:
    """The owner after a failure on a newer commit."""
    condition = {"type": "Ready", "status": "False", "reason": reason, "message": message}
    changes = {"status__lastAttemptedRevision": f"main@sha1:{NEWER}", **changes}
    return owner(status__conditions=[condition], **changes)


def source(**changes: object) -> LiveSource:
    return live_source(answer("source", **changes))


def workload(name: str, **changes: object) -> LiveWorkload:
    return live_workload(answer(name, **changes), "Deployment")


def pod(name: str, **changes: object) -> LivePod:
    return live_pod(answer(f"pod-{name}", **changes))


def state(container: str, **fields: object) -> dict[str, Any]:
    """A container's status."""
    return {"name": container, "ready": False, "restartCount": 0, "state": {}, "lastState": {}, **fields}


def unready(name: str, container: dict[str, Any], **changes: object) -> LivePod:
    """A pod whose container has this status, so that the pod is not ready."""
    conditions = [{"type": "Ready", "status": "False"}]
    return pod(name, status__containerStatuses=[container], status__conditions=conditions, **changes)


def running(
    name: str, *pods: LivePod, live: LiveWorkload | None = None, shown: Recognised | None = None, event: str = ""
) -> Running:
    """The workload of that name with these pods; by default the healthy one."""
    of = {"matrix-postgres": "postgres"}.get(name, name)
    found = live if live is not None else workload(of)
    states = tuple(PodState(each, dict(found.annotations), shown, event) for each in pods or (pod(name),))
    return Running("Deployment", "matrix", name, found, states)
