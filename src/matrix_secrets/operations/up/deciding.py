"""What `up` has to know: the few answers that nobody can give but the user, and the defaults of all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cluster.reading import read_deployment, read_stateful_set
from matrix_secrets.records import dataclass
from matrix_secrets.stack.homeserver import real_public_baseurl, real_server_name
from matrix_secrets.stack.namespaces import namespace_of
from matrix_secrets.stack.workloads import workloads

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Decisions:
    """``server_name`` and ``node_ip`` are None where the repository has real ones; ``admin`` None: no administrator."""

    server_name: str | None
    node_ip: str | None
    admin: str | None = "admin"
    seal: bool = True
    registration_open: bool = False


def known_name(stack: Stack) -> str | None:
    """Return the server name that the stack has already; None for a placeholder."""
    return next((name for config in stack.homeservers if (name := real_server_name(config))), None)


def knows_address(stack: Stack) -> bool:
    """Whether every homeserver.yaml of the stack has a real public_baseurl."""
    return all(real_public_baseurl(config) is not None for config in stack.homeservers)


def is_deployed(cluster: Connection, workspace: Workspace, stack: Stack) -> bool:
    """Whether any Deployment or StatefulSet of the stack exists in the cluster. Raises OutsideError."""
    readers = {"Deployment": read_deployment, "StatefulSet": read_stateful_set}
    for workload in workloads(stack.streams):
        resource = workload.resource
        read = readers.get(resource.kind)
        if read is not None and read(cluster, namespace_of(workspace, stack, resource), resource.name) is not None:
            return True
    return False
