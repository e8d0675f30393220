"""What an offline rotation leaves to be done, command by command, in the order that breaks nothing."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.newpods import new_pods
from matrix_secrets.stack.fluxowner import owners_of
from matrix_secrets.stack.services import synapse_workloads
from matrix_secrets.stack.workloads import Workload, workloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matrix_secrets.operations.deployment import Published
    from matrix_secrets.operations.rotation.model import Rotation, Turned
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

_ROLE: Final = "synapse"


def remaining(workspace: Workspace, rotation: Rotation, *, committed: bool, pushed: bool) -> dict[str, list[str]]:
    """Return by stack what has to be done once the files are changed."""
    manifests = workspace.yaml_files()
    found: dict[str, list[str]] = {}
    for stack in rotation.stacks:
        turned = [each for each in rotation.turned if each.stack.directory == stack.directory]
        found[stack.label] = list(_steps(workspace, manifests, stack, turned, committed=committed, pushed=pushed))
    return found


def refuse_push(rotation: Rotation, tree: Published) -> None:
    """Refuse to push a new database password to a stack that is deployed.

    Synapse would be restarted with a password that its database does not know. Raises RefusedError.
    """
    for each in rotation.in_database:
        if tree.deployment_of(each.stack) is not None:
            raise RefusedError(
                f"a new {each.secret.name} is not pushed to {each.stack.label}, which is deployed",
                cause="its database does not know it: PostgreSQL reads the Secret only when it makes an empty "
                "database, and Synapse could not log in any more",
                hint="leave --push out, and do what it then says, in that order (a stack that never ran: --fresh)",
            )


def _steps(
    workspace: Workspace,
    manifests: Sequence[str],
    stack: Stack,
    turned: Sequence[Turned],
    *,
    committed: bool,
    pushed: bool,
) -> Iterator[str]:
    if any(each.in_database for each in turned):
        command, role = _psql(stack)
        yield (
            f"ALTER ROLE in the running database, just before the push: {command} -c '\\password {role}' asks for the "
            "new one, which matrix-secrets show postgres_password --reveal prints"
        )
    if not committed:
        yield "commit the changed files"
    if not pushed:
        yield "git push"
    read: Callable[[str], bytes | None] = workspace.raw
    if owners_of(stack.directory, manifests, read):
        yield f"matrix-secrets cluster reconcile --stack {shlex.quote(stack.label)}"
    by_hand = next((each for each in turned if not each.effects.by_itself), None)
    if by_hand is not None:
        yield from (
            new_pods(workload, workload.resource.namespace)
            for workload in workloads(stack.streams)
            if workload.resource.label in by_hand.effects.restarts
        )
    if any(each.in_database for each in turned):
        heal = f"matrix-secrets rotate --heal --stack {shlex.quote(stack.label)}"
        yield f"only if Synapse then does not get into its database, which does not know the new password yet: {heal}"


def _psql(stack: Stack) -> tuple[str, str]:
    """Return the command line that reaches the database, in its pod, where no password is asked, and the role."""
    config = stack.homeservers[0] if stack.homeservers else None
    args = ("database", "args")
    role = (config.text((*args, "user")) if config else None) or _ROLE
    name = (config and (config.text((*args, "database")) or config.text((*args, "dbname")))) or role
    database = next((workload for workload in workloads(stack.streams) if workload.is_database), None)
    psql = f"psql -U {shlex.quote(role)} -d {shlex.quote(name)}"
    if database is None:
        return psql, role
    namespace = _namespace(database) or next((_namespace(each) for each in synapse_workloads(stack)), "")
    return f"kubectl{namespace} exec -it {_name(database)} -- {psql}", role


def _namespace(workload: Workload) -> str:
    found = workload.resource.namespace
    return f" -n {shlex.quote(found)}" if found else ""


def _name(workload: Workload) -> str:
    return f"{workload.resource.kind.lower()}/{workload.resource.name}"
