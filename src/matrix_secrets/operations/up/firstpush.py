"""What Flux has to have before any ciphertext: the order to decrypt, and pods that can be replaced one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.gitrepo.revision import read_file, upstream_revision
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.operations.deployment import PublishedTree
from matrix_secrets.operations.enable_decryption import plan_enable_decryption
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.operations.seal_rollout import rollout
from matrix_secrets.operations.writing import rewritten, write_texts
from matrix_secrets.sops.metadata import is_encrypted
from matrix_secrets.stack.services import synapse_workloads
from matrix_secrets.stack.workloads import workloads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

MESSAGE: Final = "feat(flux): decrypt the Matrix stack\n\nIn force before any ciphertext is pushed."


def plan_first_push(
    work_tree: WorkTree, workspace: Workspace, stacks: Sequence[tuple[Stack, bool | None]], *, seal: bool
) -> Plan:
    """Plan ``spec.decryption`` of the owners and, for stacks that run, a strategy that Flux can make Recreate of.

    With each stack comes whether it is deployed, None where Git has to tell. Raises as `plan_enable_decryption`.
    """
    enabling = plan_enable_decryption(workspace, [stack for stack, _ in stacks], flag=False)
    stepping = _stepping(work_tree, workspace, stacks) if seal else Plan()
    return Plan(
        changes=(*enabling.changes, *stepping.changes),
        writes=(*enabling.writes, *stepping.writes),
        notes=enabling.notes,
        commit_message=MESSAGE,
        paths=tuple(dict.fromkeys((*enabling.paths, *stepping.paths))),
    )


def has_ciphertext(work_tree: WorkTree, stack: Stack) -> bool:
    """Whether encrypted files of the stack were pushed already: what comes now cannot come too early any more."""
    revision = upstream_revision(work_tree)
    if revision is None:
        return False
    raws = ((file, read_file(work_tree, revision, file)) for file in stack.secret_files)
    return any(
        raw is not None and b"sops" in raw and is_encrypted(parse(decode(raw, file), file)) for file, raw in raws
    )


def _stepping(work_tree: WorkTree, workspace: Workspace, stacks: Sequence[tuple[Stack, bool | None]]) -> Plan:
    trees = [(stack, PublishedTree(work_tree, workspace, deployed=deployed)) for stack, deployed in stacks]
    found = [(stack, rollout(stack, tree.deployment_of(stack))) for stack, tree in trees]
    running = [stack for stack, each in found if each.waiting]
    if not running:
        return Plan()
    edits = [edit for _, each in found if each.waiting for edit in each.edits]
    texts = rewritten(workspace, [each.rewrite for each in edits])
    written = write_texts(workspace, running, texts)
    changes = tuple(Change(each.place, "strategy", str(each.wanted)) for each in edits)
    # A run before may have written them, and not have come to the commit.
    databases = [each for stack in running for each in workloads(stack.streams) if each.is_database]
    pods = databases + [each for stack in running for each in synapse_workloads(stack)]
    files = [each.resource.stream.file for each in pods]
    return Plan(changes, written.writes, paths=tuple(dict.fromkeys((*files, *written.paths))))
