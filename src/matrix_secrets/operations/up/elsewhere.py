"""A stack that another cluster applies: said before anything is done, with the command that goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.reading import list_kustomizations
from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.clustername import clusters_of
from matrix_secrets.operations.keys_holders import is_cluster_name, names_of
from matrix_secrets.operations.liveowner import live_owner
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.stack.fluxowner import owners_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.sops.creationrules import CreationRules
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

_LISTED: Final = "kubectl config get-contexts lists the names"


def require_applied(cluster: Connection, workspace: Workspace, stack: Stack) -> None:
    """Make sure that a cluster applies a stack. Raises RefusedError naming who does, and the command; OutsideError."""
    declared = owners_of(stack.directory, workspace.yaml_files(), workspace.raw)
    if live_owner(stack.directory, declared, list_kustomizations(cluster)) is not None:
        return
    where = ", ".join(f"Kustomization/{each.name} in {each.file}" for each in declared)
    alone = f"matrix-secrets up --stack {stack.label} --context NAME"
    beside = f"--on {stack.label}=NAME beside the other stacks"
    raise RefusedError(
        f"{cluster.where} has no Flux Kustomization that applies {stack.label}; nothing was changed",
        cause=f"the repository declares {where}: its cluster is another one, or Flux has not made it yet"
        if declared
        else f"no Flux Kustomization of this repository has a path that covers {stack.label}, either",
        hint=f"name the cluster that does: {alone}, or {beside}; {_LISTED}",
    )


def clusters_without_key(
    workspace: Workspace, rules: CreationRules | None, stack: Stack, done: Sequence[str]
) -> list[str]:
    """Return the directories of clusters that apply a stack, too, and for which it is not encrypted yet.

    ``done`` are those that were seen to. A cluster's recipient is known by the name that the rules give it.
    """
    others = [each for each in clusters_of(workspace, [stack]) if each not in done]
    named = names_of(rules)
    files = [file.file for file in stack.files if file.encrypted]
    found = [rules.rule_for(file) for file in files] if rules is not None else []
    readers = {key_of(each) for rule in found if rule is not None for each in rule.recipients}
    served = sum(is_cluster_name(named.get(key, "")) for key in readers)
    return others if served < len(others) + len(done) else []
