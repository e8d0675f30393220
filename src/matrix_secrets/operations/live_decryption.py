"""``spec.decryption`` of the owner that runs in a cluster, changed there and then."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from matrix_secrets.cluster.kinds import KUSTOMIZATION
from matrix_secrets.cluster.reading import list_kustomizations
from matrix_secrets.cluster.writing import apply
from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.liveowner import key_secret, live_owner
from matrix_secrets.stack.decryption import SOPS
from matrix_secrets.stack.fluxowner import owners_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.flux import LiveKustomization, ObjectName
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


def find_live_owners(
    cluster: Connection, workspace: Workspace, stacks: Sequence[Stack]
) -> list[tuple[Stack, LiveKustomization]]:
    """Return each stack with its live owner.

    Raises RefusedError where the cluster has none for a stack, OutsideError.
    """
    live, files = list_kustomizations(cluster), workspace.yaml_files()
    found = []
    for stack in stacks:
        owner = live_owner(stack.directory, owners_of(stack.directory, files, workspace.raw), live)
        if owner is None:
            raise RefusedError(
                f"{cluster.where} has no Flux Kustomization that applies {stack.label}",
                hint="name the cluster that does: --context NAME; kubectl get kustomizations -A lists them",
            )
        found.append((stack, owner))
    return found


def find_parents(cluster: Connection, workspace: Workspace, stacks: Sequence[Stack]) -> list[LiveKustomization]:
    """Return what applies the stacks' owners themselves: an owner may be about to change, or to come into being.

    By Flux's labels; for an owner that the cluster does not have yet, by the path that covers its manifest. Raises
    OutsideError.
    """
    live, files = list_kustomizations(cluster), workspace.yaml_files()
    by_name = {each.ref: each for each in live}
    found: dict[ObjectName, LiveKustomization] = {}
    for stack in stacks:
        declared = owners_of(stack.directory, files, workspace.raw)
        owner = live_owner(stack.directory, declared, live)
        if owner is not None and owner.parent is not None and owner.parent in by_name:
            found[owner.parent] = by_name[owner.parent]
        for each in declared if owner is None else ():
            above = live_owner(posixpath.dirname(each.file), (), live)
            if above is not None:
                found[above.ref] = above
    return list(found.values())


def decrypts(cluster: Connection, owner: LiveKustomization) -> bool:
    """Whether a live owner has the order to decrypt, and a Secret to do it with. Raises OutsideError."""
    return owner.decryption is not None and owner.decryption.provider == SOPS and key_secret(cluster, owner) is not None


def enable(cluster: Connection, owner: LiveKustomization, secret: str) -> None:
    """Give a live owner the order to decrypt. Raises ConflictError where Flux has another in its place."""
    fields = {"spec": {"decryption": {"provider": SOPS, "secretRef": {"name": secret}}}}
    apply(cluster, KUSTOMIZATION, owner.namespace, owner.name, fields)


def not_in_the_repository(owner: LiveKustomization) -> Finding:
    """Say what a change in the cluster alone is worth."""
    text = (
        f"Kustomization/{owner.name} decrypts in the cluster only: where Flux makes it anew from the repository, or "
        "the repository says otherwise, that is gone"
    )
    place = Place(owner.namespace, f"Kustomization/{owner.name}", ("spec", "decryption"))
    return Finding("decryption-live-only", Severity.WARNING, place, text, "matrix-secrets cluster enable-decryption")
