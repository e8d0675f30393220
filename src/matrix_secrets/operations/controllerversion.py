"""Which kustomize-controller runs in a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cluster.flux import FLUX_NAMESPACE
from matrix_secrets.cluster.reading import read_deployment
from matrix_secrets.stack.fluxcontroller import CONTROLLER, version_of

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection


def running_version(cluster: Connection) -> tuple[int, int] | None:
    """Return (major, minor) by its image's tag; None where it does not run there, or the tag says nothing.

    Raises OutsideError.
    """
    found = read_deployment(cluster, FLUX_NAMESPACE, CONTROLLER)
    if found is None:
        return None
    versions = [version_of(container.tag) for container in found.containers]
    return next((version for version in versions if version is not None), None)
