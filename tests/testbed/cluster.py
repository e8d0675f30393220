"""A whole cluster: started once, cleared between tests, ended by its own process ids."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.testbed import addresses, apiserver, clearing, controllers, crds, etcd, flux, kubeconfig, kwok
from tests.testbed import forge as forges
from tests.testbed.api import Api
from tests.testbed.artifacts import ArtifactServer
from tests.testbed.forge import Forge
from tests.testbed.processes import Process, Processes, tail
from tests.testbed.users import Users

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.testbed.addresses import Network
    from tests.testbed.api import Resource
    from tests.testbed.apiserver import ApiServer
    from tests.testbed.programs import Programs

CRDS = ("kustomize-controller-crds", "source-controller-crds", "kwok-crds")


@dataclass
class Cluster:
    """A running cluster. ``kubeconfig`` may do everything; its context is called ``testbed``."""

    root: Path
    programs: Programs
    network: Network
    processes: Processes
    apiserver: ApiServer
    kubeconfig: Path
    api: Api
    forge: Forge
    users: Users
    api_process: Process
    controller: Process | None = None
    context: str = kubeconfig.CONTEXT
    ending: ExitStack = field(default_factory=ExitStack)

    @property
    def node_address(self) -> str:
        """The node's InternalIP."""
        return self.network.node

    def user(self, *rules: Resource, namespace: str | None = None) -> Path:
        """A kubeconfig of a new user who may do what the RBAC rules say, in one namespace or everywhere."""
        return self.users.mint(*rules, namespace=namespace)

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait for something to become true, and say what never did."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not within {seconds} s: {what}"
            time.sleep(0.1)

    def kustomization(self, name: str, namespace: str = flux.SYSTEM) -> Resource:
        return self.api.get(flux.KUSTOMIZATION, name, namespace) or {"metadata": {}, "status": {}}

    def source(self, name: str = flux.SYSTEM, namespace: str = flux.SYSTEM) -> Resource:
        return self.api.get(forges.KIND, name, namespace) or {"metadata": {}, "status": {}}

    def request_reconcile(self, name: str = flux.SYSTEM, namespace: str = flux.SYSTEM) -> None:
        """Ask the source to fetch, as ``flux reconcile source git`` does."""
        stamp = {forges.REQUESTED: datetime.now(UTC).isoformat()}
        self.api.patch(forges.KIND, name, namespace, {"metadata": {"annotations": stamp}})

    def wait_applied(self, name: str, commit: str, seconds: float = 90) -> None:
        """Wait until a Kustomization of Flux is Ready on exactly this commit."""
        self.wait(
            lambda: flux.ready_on(self.kustomization(name), commit),
            f"{name} Ready on {commit}: {self.kustomization(name).get('status')}",
            seconds,
        )

    def stop_api_server(self) -> None:
        """Take the API server away, as a dead node does."""
        self.processes.stop(self.api_process)

    def start_api_server(self) -> None:
        self.api_process = self.apiserver.start(self.processes)

    def start_flux(self) -> None:
        """Start kustomize-controller in an empty flux-system."""
        self.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": flux.SYSTEM}})
        program, folder = self.programs["kustomize-controller"], self.root / "flux"
        folder.mkdir(exist_ok=True)
        address = self.node_address
        self.controller = flux.start_controller(self.processes, program, self.kubeconfig, address, folder)

    def stop_flux(self) -> None:
        """Take kustomize-controller away."""
        if self.controller is not None:
            self.processes.kill(self.controller)
            self.controller = None

    def reset(self) -> None:
        """Back to a cluster with Flux and nothing else."""
        if self.api_process not in self.processes.running:
            self.start_api_server()
        self.stop_flux()
        clearing.clear(self.api)
        self.forge.reset()
        self.users.reset()
        self.wait(lambda: not clearing.namespaces(self.api), "namespaces gone")
        self.start_flux()

    def check(self) -> None:
        """What must hold after every test."""

    def stop(self) -> None:
        """End everything that was started, the last first."""
        self.ending.close()

    def logs(self) -> str:
        """The end of every log."""
        parts = [f"--- {process.log}\n{tail(process.log)}" for process in self.processes.running]
        return "\n".join(parts)


def start(root: Path, programs: Programs) -> Cluster:
    """Start everything in an empty folder; about five seconds."""
    (root / "logs").mkdir(parents=True)
    with ExitStack() as ending:
        network = addresses.claim()
        ending.callback(network.close)
        processes = Processes(root / "logs")
        ending.callback(processes.stop_all)
        address = network.node
        store = etcd.start(processes, programs["etcd"], root / "etcd", address)
        server = apiserver.configure(programs["kube-apiserver"], root / "apiserver", address, store)
        api_process = server.start(processes)
        config = kubeconfig.write(root / "kubeconfig", server.server, server.tokens["admin"])
        api = Api(config, root / "discovery.json")
        _start_controllers(processes, programs, server, config)
        crds.install(api, *(programs[name] for name in CRDS))
        (root / "path").mkdir()
        kwok.start(processes, programs["kwok"], programs["kwok-node-stages"], server, config, root / "path")
        kwok.create_node(api)
        artifacts = ArtifactServer(root / "artifacts", address)
        ending.callback(artifacts.stop)
        forge = Forge(root / "home-cluster.git", api, artifacts)
        forge.create()
        forge.start()
        ending.callback(forge.stop)
        handed_out = Users(root, server, api)
        cluster = Cluster(root, programs, network, processes, server, config, api, forge, handed_out, api_process)
        cluster.start_flux()
        cluster.ending = ending.pop_all()
        return cluster


def _start_controllers(processes: Processes, programs: Programs, server: ApiServer, config: Path) -> None:
    manager, scheduler = programs["kube-controller-manager"], programs["kube-scheduler"]
    controllers.start(processes, manager, scheduler, server, config)
