"""kwok plays the kubelet towards the API server: the Node, its lease, its server for exec, logs, port-forward.

Where those lead is said by an Exec, Logs and PortForward object for each pod, which the node stand-in writes. kwok is
given no stages for pods: what a pod's status says comes from the node stand-in alone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.api import Api
    from tests.testbed.apiserver import ApiServer
    from tests.testbed.processes import Process, Processes

PORT = 10250
NODE = "node-1"
KINDS = ("Exec", "Logs", "PortForward")


def start(
    processes: Processes, program: Path, stages: Path, apiserver: ApiServer, kubeconfig: Path, path: Path
) -> Process:
    """Start it; ``path`` is the folder that the programs of an ``exec`` are found in."""
    address = apiserver.server.url.removeprefix("https://").rpartition(":")[0]
    return processes.start(
        "kwok",
        [
            str(program),
            f"--kubeconfig={kubeconfig}",
            f"--config={stages / 'node-initialize.yaml'}",
            f"--manage-single-node={NODE}",
            f"--node-ip={address}",
            f"--node-port={PORT}",
            f"--server-address={address}:{PORT}",
            f"--tls-cert-file={apiserver.certificate}",
            f"--tls-private-key-file={apiserver.key}",
            "--node-lease-duration-seconds=40",
            *(f"--enable-crds={kind}" for kind in KINDS),
        ],
        env={**os.environ, "PATH": str(path)},
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
