"""What the rules call a cluster: ``cluster``; where a repository has several, ``cluster-home`` after its directory."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.reading import list_kustomizations
from matrix_secrets.operations.liveowner import live_owner
from matrix_secrets.stack.fluxowner import owners_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.stack.fluxowner import Owner
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

NAME: Final = "cluster"


def name_for(taken: Collection[str], here: str, *, several: bool) -> str:
    """Choose a name. ``taken`` are those of others, ``here`` the cluster's directory, empty where it is not known."""
    if not here or (not several and NAME not in taken):
        return NAME
    return f"{NAME}-{posixpath.basename(here)}"


def clusters_of(workspace: Workspace, stacks: Sequence[Stack]) -> list[str]:
    """Return the directories of all clusters that apply one of the stacks: ``clusters/home``, ``clusters/office``."""
    files, read = workspace.yaml_files(), workspace.raw
    return list(dict.fromkeys(owner.cluster for each in stacks for owner in owners_of(each.directory, files, read)))


def directory_of(cluster: Connection, workspace: Workspace, stack: Stack) -> str:
    """Return the directory in which this cluster's owner of a stack is declared, empty where that cannot be told.

    Where several clusters declare one of the same name it is the one that this cluster's Flux follows. Raises
    OutsideError.
    """
    declared = owners_of(stack.directory, workspace.yaml_files(), workspace.raw)
    live = list_kustomizations(cluster)
    owner = live_owner(stack.directory, declared, live)
    if owner is None:
        return ""
    same = [each for each in declared if (each.namespace, each.name) == (owner.namespace, owner.name)]
    followed = [each.path for each in live if each.path]
    here = [each for each in same if any(_is_below(each, path) for path in followed)]
    found = {each.cluster for each in here or same}
    return found.pop() if len(found) == 1 else ""


def _is_below(owner: Owner, path: str) -> bool:
    return owner.file.startswith(f"{path}/")
