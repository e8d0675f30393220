"""Everything that a Secret ever held, from the API server's own watch."""

from __future__ import annotations

import base64
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kubernetes import client, config, watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.testbed.cluster import Cluster

States = list[dict[str, str]]
_END = "end-of-watch"


@contextmanager
def every_state_of(cluster: Cluster, namespace: str, name: str) -> Iterator[States]:
    """Collect each state of a Secret while the block runs, its values decoded, in order."""
    states: States = []
    load: Any = config.new_client_from_config
    core: Any = client.CoreV1Api(load(str(cluster.kubeconfig)))
    make: Any = watch.Watch
    watching = make()
    begun = threading.Event()
    version = core.list_secret_for_all_namespaces().metadata.resource_version

    def collect() -> None:
        begun.set()
        for event in watching.stream(
            core.list_secret_for_all_namespaces, resource_version=version, timeout_seconds=600, _request_timeout=600
        ):
            secret = event["object"]
            if secret.metadata.name == _END:
                watching.stop()
                return
            if (secret.metadata.namespace, secret.metadata.name) == (namespace, name):
                states.append({key: base64.b64decode(text).decode() for key, text in (secret.data or {}).items()})

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    begun.wait()
    try:
        yield states
    finally:
        core.create_namespaced_secret("default", client.V1Secret(metadata=client.V1ObjectMeta(name=_END)))
        thread.join(30)
        core.delete_namespaced_secret(_END, "default")
        assert not thread.is_alive()
