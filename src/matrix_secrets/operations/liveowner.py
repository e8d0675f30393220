"""Which live Flux Kustomization applies a stack, and which Secret it decrypts with."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.flux import FLUX_NAMESPACE
from matrix_secrets.cluster.reading import read_deployment, read_kustomization
from matrix_secrets.stack.fluxcontroller import CONTROLLER, secret_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.flux import LiveKustomization
    from matrix_secrets.stack.fluxowner import Owner

_PATIENCE: Final = 30  # seconds


def live_owner(
    directory: str, declared: Sequence[Owner], live: Sequence[LiveKustomization]
) -> LiveKustomization | None:
    """Return the live Kustomization that applies a stack; None where this cluster has none.

    It has the name of one that the repository declares for the stack; where the repository declares none (another one
    does), it is the only one with the longest path that covers the stack.
    """
    covering = [each for each in live if _covers(each.path, directory)]
    if declared:
        names = {(owner.namespace, owner.name) for owner in declared}
        covering = [each for each in covering if (each.namespace, each.name) in names]
    longest = max((len(each.path) for each in covering), default=0)
    best = [each for each in covering if len(each.path) == longest]
    return best[0] if len(best) == 1 else None


def settled(cluster: Connection, owner: LiveKustomization) -> LiveKustomization:
    """Return an owner as it is once Flux is not at work on it any more, or after half a minute.

    Raises OutsideError.
    """
    for _ in range(_PATIENCE):
        if owner.ready is None or owner.ready.status != "Unknown":
            break
        time.sleep(1)
        owner = read_kustomization(cluster, owner.namespace, owner.name) or owner
    return owner


def key_secret(cluster: Connection, owner: LiveKustomization) -> tuple[str, str] | None:
    """Return namespace and name of the Secret that Flux opens the owner's files with; None where it has none.

    Its own ``secretRef``; without one what the controller's flag names. Raises OutsideError.
    """
    if owner.decryption is not None and owner.decryption.secret:
        return owner.namespace, owner.decryption.secret
    controller = read_deployment(cluster, FLUX_NAMESPACE, CONTROLLER)
    arguments = [text for each in controller.containers for text in each.args] if controller is not None else []
    name = secret_in(arguments)
    return (FLUX_NAMESPACE, name) if name else None


def _covers(path: str, directory: str) -> bool:
    return path in ("", directory) or directory.startswith(path + "/")
