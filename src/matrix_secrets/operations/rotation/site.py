"""Where a stack runs: the cluster, and how Flux brings the stack there."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.cluster.reading import list_kustomizations, read_kustomization, read_source
from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.operations.fluxorder import in_order
from matrix_secrets.operations.live_decryption import find_live_owners
from matrix_secrets.operations.reconcile import require_git
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.flux import LiveKustomization, LiveSource, ObjectName
    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Site:
    """A cluster as the stack's owner sees it.

    ``main`` is the branch that Flux follows; ``chain`` what has to be applied up to the owner, which comes last.
    """

    cluster: Connection = field(repr=False)
    owner: ObjectName
    source: ObjectName
    chain: tuple[ObjectName, ...]
    main: str
    target_namespace: str

    def namespace(self, stack: Stack, resource: Resource) -> str:
        """Return where a resource of the stack is: as the owner says, as it says itself, or where the others are."""
        holders = [config.entry.resource for config in (*stack.homeservers, *stack.elements)]
        named = (each.namespace for each in (resource, *stack.secrets, *holders))
        return self.target_namespace or next((name for name in named if name), "default")

    def read_owner(self) -> LiveKustomization:
        """Return the owner as it is now. Raises OutsideError where it is gone."""
        found = read_kustomization(self.cluster, self.owner.namespace, self.owner.name)
        if found is None:
            raise _gone(self.cluster, self.owner)
        return found

    def read_source(self) -> LiveSource:
        """Return the source as it is now. Raises OutsideError where it is gone."""
        found = read_source(self.cluster, self.source.namespace, self.source.name)
        if found is None:
            raise _gone(self.cluster, self.source)
        return found


def find_site(cluster: Connection, workspace: Workspace, stack: Stack) -> Site:
    """Find the stack in a cluster.

    Raises RefusedError where no Flux Kustomization applies it there, or Flux follows something other than a branch;
    OutsideError.
    """
    ((_, owner),) = find_live_owners(cluster, workspace, [stack])
    require_git(owner.source)
    source = read_source(cluster, owner.source.namespace, owner.source.name)
    if source is None:
        raise _gone(cluster, owner.source)
    if not source.branch:
        follows = ", ".join(f"{key} {value}" for key, value in source.reference.items())
        raise RefusedError(
            f"{source.ref} on {cluster.where} follows {follows}, not a branch: a rotation cannot be published there",
            hint="matrix-secrets rotate --offline changes the files, and says what remains to be done",
        )
    chain = tuple(each.ref for each in in_order([owner], list_kustomizations(cluster)))
    return Site(cluster, owner.ref, owner.source, chain, source.branch, owner.target_namespace)


def _gone(cluster: Connection, name: ObjectName) -> OutsideError:
    return OutsideError(
        f"{name} does not exist on {cluster.where}", hint="kubectl get kustomizations,gitrepositories -A"
    )
