"""kwok plays the kubelet towards the API server: the Node, its lease, its server. In front of that stands podserver.

kwok is given no stages for pods: what a pod's status says comes from the node stand-in alone.
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


def start(processes: Processes, programs: Programs, apiserver: ApiServer, kubeconfig: Path, pods: Path) -> None:
    """Start it, and podserver (tests/parts/kwok) in front of it, which finds the pods' ways in below ``pods``."""
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
            "--enable-crds=Logs",
        ],
    )
    processes.start(
        "podserver",
        [
            str(programs["podserver"]),
            f"--address={address}:{PORT}",
            f"--kwok={address}:{BEHIND}",
            f"--pods={pods}",
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
