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
from tests.testbed.kubeconfig import CONTEXT
from tests.testbed.node.images import Images
from tests.testbed.node.node import BY_NAME, Node
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
    node: Node
    users: Users
    api_process: Process
    context: str = CONTEXT
    ending: ExitStack = field(default_factory=ExitStack)

    @property
    def node_address(self) -> str:
        """The node's InternalIP."""
        return self.network.node

    def user(self, *rules: Resource, namespace: str | None = None) -> Path:
        """A kubeconfig of a new user who may do what the RBAC rules say, in one namespace or everywhere."""
        return self.users.mint(*rules, namespace=namespace)

    def wait(self, condition: Callable[[], bool], what: str | Callable[[], str], seconds: float = 120) -> None:
        """Wait for something to become true, and say what never did."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not within {seconds} s: {what() if callable(what) else what}"
            time.sleep(0.1)

    def kustomization(self, name: str, namespace: str = flux.SYSTEM) -> Resource:
        return self.api.get(flux.KUSTOMIZATION, name, namespace) or {"metadata": {}, "status": {}}

    def source(self, name: str = flux.SYSTEM, namespace: str = flux.SYSTEM) -> Resource:
        return self.api.get(forges.KIND, name, namespace) or {"metadata": {}, "status": {}}

    def request_reconcile(self, name: str = flux.SYSTEM, namespace: str = flux.SYSTEM) -> None:
        """Ask the source to fetch, as ``flux reconcile source git`` does."""
        stamp = {forges.REQUESTED: datetime.now(UTC).isoformat()}
        self.api.patch(forges.KIND, name, namespace, {"metadata": {"annotations": stamp}})

    def wait_applied(self, name: str, commit: str, seconds: float = 240) -> None:
        """Wait until a Kustomization of Flux is Ready on exactly this commit."""
        self.wait(
            lambda: flux.ready_on(self.kustomization(name), commit),
            lambda: f"{name} Ready on {commit}: {self.kustomization(name).get('status')}",
            seconds,
        )

    def stop_api_server(self) -> None:
        """Take the API server away, as a dead node does."""
        self.processes.stop(self.api_process)

    def start_api_server(self) -> None:
        self.api_process = self.apiserver.start(self.processes)

    def start_flux(self) -> None:
        """Apply Flux' own components; the node stand-in then runs the real kustomize-controller for its pod."""
        self.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": flux.SYSTEM}})
        self.api.apply_all(flux.components(), manager="flux")

    def stop_flux(self) -> None:
        """Scale kustomize-controller down and wait until it is gone."""
        self.api.patch("apps/v1/Deployment", flux.CONTROLLER, flux.SYSTEM, {"spec": {"replicas": 0}})
        self.wait(lambda: self.node.pod(flux.CONTROLLER, flux.SYSTEM) is None, "kustomize-controller gone")

    def reset(self) -> None:
        """Back to a cluster with Flux and nothing else."""
        if self.api_process not in self.processes.running:
            self.start_api_server()
        self.node.reset()
        clearing.clear(self.api)
        self.wait(lambda: not clearing.namespaces(self.api), "namespaces gone")
        self.node.resume()
        self.forge.reset()
        self.users.reset()
        self.start_flux()

    def check(self) -> None:
        """What must hold after every test."""
        assert self.node.usage.violations == []

    def stop(self) -> None:
        """End everything that was started, the last first."""
        self.ending.close()

    def logs(self) -> str:
        """The end of every log."""
        files = [process.log for process in self.processes.running]
        files += [one.log.file for pod in self.node.pods.values() for one in pod.all_containers if one.log is not None]
        return "\n".join(f"--- {file}\n{tail(file)}" for file in files)


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
        program, services = programs["kube-apiserver"], network.services
        server = apiserver.configure(program, root / "apiserver", address, services, store)
        api_process = server.start(processes)
        config = kubeconfig.write(root / "kubeconfig", server.server, server.tokens["admin"])
        api = Api(config, root / "discovery.json")
        _start_controllers(processes, programs, server, config)
        crds.install(api, *(programs[name] for name in CRDS))
        kwok.start(processes, programs, server, config, root / "node" / BY_NAME)
        kwok.create_node(api)
        images = Images(programs, (address, apiserver.PORT), _account(root, server))
        node = Node(kwok.NODE, api, network, images, root / "node")
        node.start()
        ending.callback(node.stop)
        artifacts = ArtifactServer(root / "artifacts", address)
        ending.callback(artifacts.stop)
        forge = Forge(root / "home-cluster.git", api, artifacts)
        forge.create()
        forge.start()
        ending.callback(forge.stop)
        users = Users(root, server, api)
        cluster = Cluster(root, programs, network, processes, server, config, api, forge, node, users, api_process)
        cluster.start_flux()
        cluster.ending = ending.pop_all()
        return cluster


def _account(root: Path, server: ApiServer) -> Path:
    """What a pod finds of its service account, which may do everything here."""
    folder = root / "account"
    folder.mkdir()
    (folder / "token").write_text(server.tokens["admin"])
    (folder / "namespace").write_text(flux.SYSTEM)
    (folder / "ca.crt").write_bytes(server.certificate.read_bytes())
    return folder


def _start_controllers(processes: Processes, programs: Programs, server: ApiServer, config: Path) -> None:
    manager, scheduler = programs["kube-controller-manager"], programs["kube-scheduler"]
    controllers.start(processes, manager, scheduler, server, config)
