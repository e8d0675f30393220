"""A pod's status from its containers' states, as the kubelet reports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.testbed.forge import condition

if TYPE_CHECKING:
    from tests.testbed.api import Resource
    from tests.testbed.node.pod import Pod


def pod_status(pod: Pod) -> Resource:
    """Phase, conditions and container statuses. Conditions keep their times while they stay as they are."""
    old = (pod.resource.get("status") or {}).get("conditions") or []
    initialised = all(one.state.get("terminated", {}).get("exitCode") == 0 for one in pod.init_containers)
    unready = [one.name for one in pod.containers if not one.ready]
    why = f"containers with unready status: [{' '.join(unready)}]" if unready else ""
    reason = "ContainersNotReady" if unready else ""
    generation = pod.resource["metadata"].get("generation", 1)

    def one(kind: str, *, holds: bool, reason: str = "", message: str = "") -> Resource:
        return condition(kind, "True" if holds else "False", reason, message, generation, old)

    begun = any(one.running or one.restarts for one in pod.containers)
    return {
        "phase": "Running" if begun else "Pending",
        "podIP": pod.address,
        "podIPs": [{"ip": pod.address}],
        "hostIP": pod.images.server[0],
        "hostIPs": [{"ip": pod.images.server[0]}],
        "conditions": [
            *(one_ for one_ in old if one_["type"] == "PodScheduled"),
            one("PodReadyToStartContainers", holds=True),
            one("Initialized", holds=initialised, reason="" if initialised else "ContainersNotInitialized"),
            one("ContainersReady", holds=not unready, reason=reason, message=why),
            one("Ready", holds=not unready, reason=reason, message=why),
        ],
        "initContainerStatuses": [
            {**container.status(), "ready": container.state.get("terminated", {}).get("exitCode") == 0}
            for container in pod.init_containers
        ],
        "containerStatuses": [container.status() for container in pod.containers],
    }
