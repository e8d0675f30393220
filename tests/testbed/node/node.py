"""The node stand-in: what kubelet, kube-proxy, cluster DNS and K3s' volume provisioner do, for one node."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from kubernetes.dynamic.exceptions import DynamicApiError
from urllib3.exceptions import HTTPError

from tests.testbed.node import names
from tests.testbed.node.pod import Pod
from tests.testbed.node.provisioner import Provisioner
from tests.testbed.node.proxy import Proxy
from tests.testbed.node.usage import Usage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.addresses import Network
    from tests.testbed.api import Api, Resource
    from tests.testbed.node.images import Images

POLL = 0.25  # seconds
BY_NAME = "by-name"  # the folder of NAMESPACE/POD, for podserver


@dataclass
class Node:
    """Runs the pods that the scheduler gave it. ``usage.violations`` must stay empty."""

    name: str
    api: Api
    network: Network
    images: Images
    folder: Path
    usage: Usage = field(default_factory=Usage)
    pods: dict[str, Pod] = field(default_factory=dict)  # by uid
    _end: Event = field(default_factory=Event)
    _busy: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.provisioner = Provisioner(self.api, self.folder / "volumes")
        self.proxy = Proxy(self.network.node)
        self._thread = Thread(target=self._watch, name="node", daemon=True)

    def start(self) -> None:
        self.provisioner.create_class()
        self.proxy.start()
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join(30)
        self._kill_pods()
        self.proxy.stop()

    def reset(self) -> None:
        """End every pod at once and forget every volume; the caller clears the API server before ``resume``."""
        self._busy.acquire()
        self._kill_pods()
        self.proxy.route({})
        self.provisioner.clear()
        self.usage = Usage()

    def resume(self) -> None:
        self._busy.release()

    def pod(self, app: str, namespace: str = "matrix") -> Pod | None:
        """The newest pod with this ``app`` label that has not ended."""
        found = [pod for pod in self.pods.values() if pod.resource["metadata"]["namespace"] == namespace]
        labelled = [pod for pod in found if (pod.resource["metadata"].get("labels") or {}).get("app") == app]
        living = [pod for pod in labelled if not pod.ended.is_set()]
        return max(living, key=lambda pod: str(pod.resource["metadata"]["creationTimestamp"]), default=None)

    def _kill_pods(self) -> None:
        for pod in self.pods.values():
            pod.kill()
        for uid in list(self.pods):
            self.pods[uid].join()
            self._forget(uid)

    def _watch(self) -> None:
        while not self._end.wait(POLL):
            try:
                with self._busy:
                    self._look()
            except (DynamicApiError, HTTPError):
                continue  # the API server is away: what runs keeps running

    def _look(self) -> None:
        listed = {pod["metadata"]["uid"]: pod for pod in self.api.list("v1/Pod", field_selector=self._mine)}
        for uid, resource in listed.items():
            if uid in self.pods:
                self.pods[uid].resource = resource
            else:
                self._begin(uid, resource)
        for uid in list(self.pods):
            if uid not in listed:
                self.pods[uid].kill()
            if self.pods[uid].ended.is_set():
                self._forget(uid)
        services = self.api.list("v1/Service")
        self.proxy.route(names.routes(services, list(self.pods.values())))
        for pod in self.pods.values():
            names.write_hosts(pod, services)
        self.provisioner.look()

    @property
    def _mine(self) -> str:
        return f"spec.nodeName={self.name}"

    def _begin(self, uid: str, resource: Resource) -> None:
        address = self.network.take()
        pod = Pod(resource, self.api, self.images, self.usage, self.folder / "pods" / uid, address)
        self.pods[uid] = pod
        self._by_name(pod).parent.mkdir(parents=True, exist_ok=True)
        self._by_name(pod).unlink(missing_ok=True)
        self._by_name(pod).symlink_to(pod.folder / "containers")
        pod.start()

    def _by_name(self, pod: Pod) -> Path:
        return self.folder / BY_NAME / pod.name

    def _forget(self, uid: str) -> None:
        pod = self.pods.pop(uid)
        if self._by_name(pod).readlink() == pod.folder / "containers":
            self._by_name(pod).unlink()
        self.network.give_back(pod.address)
        shutil.rmtree(pod.folder / "volumes", ignore_errors=True)
