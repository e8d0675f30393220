"""One pod's life: volumes, init containers, containers, restarts, end; in a thread whose children die with it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

from kubernetes.dynamic.exceptions import ConflictError, DynamicApiError, NotFoundError
from urllib3.exceptions import HTTPError

from tests.testbed.forge import now
from tests.testbed.node import debugging
from tests.testbed.node.container import Container
from tests.testbed.node.probes import is_ready
from tests.testbed.node.status import pod_status
from tests.testbed.node.values import UnresolvedError, Values
from tests.testbed.node.volumes import Bind, Volumes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.api import Api, Resource
    from tests.testbed.node.images import Images
    from tests.testbed.node.usage import Usage

TICK = 0.2  # seconds
REFRESH = 2.0  # seconds between looks at ConfigMaps and Secrets, and between probes of what is ready


@dataclass(eq=False)
class Pod:
    """Plays one pod; ``resource`` is what the API server last said about it."""

    resource: Resource
    api: Api
    images: Images
    usage: Usage
    folder: Path
    address: str
    containers: list[Container] = field(default_factory=list)
    init_containers: list[Container] = field(default_factory=list)
    ended: Event = field(default_factory=Event)
    _kill: Event = field(default_factory=Event)
    _published: Resource = field(default_factory=dict)
    _started: str = field(default_factory=now)
    _refreshed: float = 0.0
    _told: str = ""

    def __post_init__(self) -> None:
        spec = self.resource["spec"]
        self.init_containers = [self._container(one) for one in spec.get("initContainers") or ()]
        self.containers = [self._container(one) for one in spec["containers"]]
        self.volumes = Volumes(self.api, self.resource, self.folder / "volumes")
        self.folder.mkdir(parents=True)
        self.hosts = self.folder / "hosts"
        self.hosts.touch()
        (self.folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions attempts:1 timeout:1\n")
        self._thread = Thread(target=self._live, name=f"pod {self.name}", daemon=True)

    def _container(self, spec: Resource) -> Container:
        return Container(spec, self.folder / "containers" / spec["name"])

    @property
    def name(self) -> str:
        meta = self.resource["metadata"]
        return f"{meta['namespace']}/{meta['name']}"

    @property
    def all_containers(self) -> list[Container]:
        return [*self.init_containers, *self.containers]

    @property
    def ready(self) -> bool:
        return all(one.ready for one in self.containers)

    def start(self) -> None:
        self._thread.start()

    def kill(self) -> None:
        """End at once, telling nobody."""
        self._kill.set()
        for container in self.all_containers:
            if (process := container.process) is not None:
                process.kill()

    def join(self) -> None:
        self._thread.join(30)

    @property
    def _ending(self) -> bool:
        return self._kill.is_set() or "deletionTimestamp" in self.resource["metadata"]

    def _live(self) -> None:
        try:
            if self._prepare() and self._initialise():
                self._serve()
            self._end()
        finally:
            self.kill()
            self.usage.end(self.volumes.claims, self.name)
            self.ended.set()

    def _prepare(self) -> bool:
        """Lay out the volumes; tell whether to go on."""
        while not self._ending:
            try:
                self.volumes.lay_out()
            except UnresolvedError as error:
                self._tell("FailedMount", f"MountVolume.SetUp failed: {error}")
            except (DynamicApiError, HTTPError):
                pass  # the API server is away
            else:
                return True
            self._publish()
            time.sleep(TICK)
        return False

    def _initialise(self) -> bool:
        """Run each init container to its end, again and again if need be; tell whether to go on."""
        for container in self.containers if self.init_containers else ():
            container.wait_for("PodInitializing")
        for container in self.init_containers:
            while not self._ending and container.state.get("terminated", {}).get("exitCode") != 0:
                self._run(container)
                self._publish()
                time.sleep(TICK)
        return not self._ending

    def _serve(self) -> None:
        while not self._ending:
            for container in self.containers:
                self._run(container)
                self._probe(container)
            if time.monotonic() - self._refreshed > REFRESH:
                self._refreshed = time.monotonic()
                self._refresh()
            self._publish()
            time.sleep(TICK)

    def _run(self, container: Container) -> None:
        """Start a container that is not running, unless it backs off or ended well as an init container."""
        done = container.look()
        init = container in self.init_containers
        if done and not (init and container.state["terminated"]["exitCode"] == 0):
            container.back_off()
        if container.running or time.monotonic() < container.not_before:
            return
        if container.state.get("terminated", {}).get("exitCode") == 0 and init:
            return
        try:
            self._start(container)
        except UnresolvedError as error:
            container.wait_for("CreateContainerConfigError", str(error))
            container.not_before = time.monotonic() + 1
        except (DynamicApiError, HTTPError):
            container.not_before = time.monotonic() + 1

    def _start(self, container: Container) -> None:
        self.volumes.lay_out()
        meta = self.resource["metadata"]
        fields = {
            "metadata.name": meta["name"],
            "metadata.namespace": meta["namespace"],
            "metadata.uid": meta["uid"],
            "spec.nodeName": self.resource["spec"]["nodeName"],
            "status.podIP": self.address,
        }
        variables = Values(self.api, meta["namespace"]).environment(container.spec, fields)
        how = self.images.start(container.spec, variables, self.address)
        binds = self.volumes.binds(container.spec)
        binds += [Bind(self.folder / name, f"/etc/{name}") for name in ("hosts", "resolv.conf")]
        if how is not None:
            self.usage.begin(self.volumes.claims, self.name)
        container.start(how, variables, binds, meta["name"])
        debugging.write_ports(self.folder / "containers/ports", container, self.address)
        debugging.publish_logs(self.api, self.resource, self.all_containers)

    def _probe(self, container: Container) -> None:
        fresh = time.monotonic() - self._refreshed > REFRESH
        if container.running and (fresh or not container.ready):
            container.ready = is_ready(container, self.address)

    def _refresh(self) -> None:
        try:
            self.volumes.lay_out()
        except (UnresolvedError, DynamicApiError, HTTPError):
            return  # what was laid out stays

    def _end(self) -> None:
        grace = float(self.resource["metadata"].get("deletionGracePeriodSeconds") or 0)
        if not self._kill.is_set():
            for container in self.all_containers:
                container.stop(grace)
            self._withdraw()
        else:
            for container in self.all_containers:
                container.stop(0)

    def _withdraw(self) -> None:
        """Tell the API server that the pod is gone; once it answers again, if it is away."""
        self.usage.end(self.volumes.claims, self.name)
        meta = self.resource["metadata"]
        while not self._kill.is_set():
            try:
                debugging.withdraw_logs(self.api, self.resource)
                same = {"preconditions": {"uid": meta["uid"]}, "gracePeriodSeconds": 0}
                self.api.delete("v1/Pod", meta["name"], meta["namespace"], **same)
            except ConflictError:
                return  # another pod of the same name
            except (DynamicApiError, HTTPError):
                time.sleep(TICK)
            else:
                return

    def _publish(self) -> None:
        found = pod_status(self)
        if found == self._published or self._ending:
            return
        meta = self.resource["metadata"]
        try:
            self.api.patch_status("v1/Pod", meta["name"], meta["namespace"], {**found, "startTime": self._started})
        except NotFoundError:
            self._kill.set()
        except (DynamicApiError, HTTPError):
            return
        self._published = found

    def _tell(self, reason: str, message: str) -> None:
        """An Event about this pod, once for each message."""
        if message == self._told:
            return
        self._told = message
        meta = self.resource["metadata"]
        about = {"kind": "Pod", "apiVersion": "v1", "name": meta["name"], "uid": meta["uid"]}
        try:
            self.api.create(
                {
                    "apiVersion": "v1",
                    "kind": "Event",
                    "metadata": {"generateName": f"{meta['name']}.", "namespace": meta["namespace"]},
                    "involvedObject": {**about, "namespace": meta["namespace"]},
                    "type": "Warning",
                    "reason": reason,
                    "message": message,
                    "source": {"component": "kubelet"},
                    "firstTimestamp": now(),
                    "lastTimestamp": now(),
                    "count": 1,
                }
            )
        except (DynamicApiError, HTTPError):
            self._told = ""
