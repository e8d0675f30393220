"""kube-controller-manager and kube-scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.apiserver import ApiServer
    from tests.testbed.processes import Processes


def start(processes: Processes, manager: Path, scheduler: Path, apiserver: ApiServer, kubeconfig: Path) -> None:
    """Start both; they need no waiting for."""
    address = apiserver.server.url.removeprefix("https://").rpartition(":")[0]
    common = [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--bind-address={address}",
        f"--tls-cert-file={apiserver.certificate}",
        f"--tls-private-key-file={apiserver.key}",
        "--leader-elect=false",
        "--authentication-skip-lookup=true",
    ]
    accounts = [
        f"--service-account-private-key-file={apiserver.folder / 'service-account.key'}",
        f"--root-ca-file={apiserver.certificate}",
        "--controllers=*,-node-ipam-controller,-node-route-controller,-service-lb-controller",
    ]
    processes.start("kube-controller-manager", [str(manager), *common, *accounts])
    processes.start("kube-scheduler", [str(scheduler), *common])
