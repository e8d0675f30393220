"""kwok plays the kubelet towards the API server: the Node, its lease, its server for exec, logs, port-forward.

Where those lead is said by a Logs and a PortForward object for each pod, which the node stand-in writes. kwok is
given no stages for pods: what a pod's status says comes from the node stand-in alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.api import Api
    from tests.testbed.apiserver import ApiServer
    from tests.testbed.processes import Processes
    from tests.testbed.programs import Programs

PORT, BEHIND = 10250, 10251
NODE = "node-1"
KINDS = ("Logs", "PortForward")


# A stage that no pod is ever in: without any, kwok would use its own, which make every pod Running.
NO_POD = """
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: no-pod
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: .metadata.name, operator: DoesNotExist}
  next:
    statusTemplate: "{}"
"""


def start(processes: Processes, programs: Programs, apiserver: ApiServer, kubeconfig: Path, containers: Path) -> None:
    """Start it, and before it the server that answers ``exec`` (tests/parts/kwok/execserver) from ``containers``."""
    config = kubeconfig.parent / "kwok.yaml"
    config.write_text((programs["kwok-node-stages"] / "node-initialize.yaml").read_text() + NO_POD)
    certificate = [f"--tls-cert-file={apiserver.certificate}", f"--tls-private-key-file={apiserver.key}"]
    address = apiserver.server.url.removeprefix("https://").rpartition(":")[0]
    processes.start(
        "kwok",
        [
            str(programs["kwok"]),
            f"--kubeconfig={kubeconfig}",
            f"--config={config}",
            f"--manage-single-node={NODE}",
            f"--node-ip={address}",
            f"--node-port={PORT}",
            f"--server-address={address}:{BEHIND}",
            *certificate,
            "--node-lease-duration-seconds=40",
            *(f"--enable-crds={kind}" for kind in KINDS),
        ],
    )
    processes.start(
        "execserver",
        [
            str(programs["execserver"]),
            f"--address={address}:{PORT}",
            f"--kwok={address}:{BEHIND}",
            f"--containers={containers}",
            *certificate,
        ],
    )


def create_node(api: Api) -> None:
    """Register the one node, as K3s labels it."""
    labels = {
        "kubernetes.io/hostname": NODE,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node-role.kubernetes.io/control-plane": "true",
    }
    api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "labels": labels}})
