"""A rotation's commit, made beside the user's work tree on whatever main is at that moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets import transaction
from matrix_secrets.errors import RefusedError
from matrix_secrets.gitrepo.remoteheads import is_ancestor
from matrix_secrets.gitrepo.scratch import commit_all, scratch_tree, succeed
from matrix_secrets.manifests.edits import splice
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import resources
from matrix_secrets.operations.apply import apply_plan
from matrix_secrets.operations.rotation.effects import effects_of
from matrix_secrets.operations.rotation.journal import message
from matrix_secrets.operations.rotation.model import Turned
from matrix_secrets.operations.rotation.planning import plan_values
from matrix_secrets.stack.declarations import POSTGRES_PASSWORD
from matrix_secrets.stack.digests import digest_edits, has_digests
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.tripwire import digest_key, new_digest_key, with_tripwire
from matrix_secrets.stack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.rotation.bench import Bench
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.model import Stack


def prepare(
    bench: Bench, base: str, values: Mapping[str, SecretValue], *, instead_of: str | None = None, turned: bool = False
) -> str:
    """Commit these values of the stack's secrets on top of ``base``; return the commit, which no branch has yet.

    It follows the rotation that it stands ``instead_of``, too, so that not even the rotation branch is ever forced.
    Every pod that reads one of them gets a digest, so that it restarts. Raises RefusedError where the values cannot be
    put in their places, OutsideError with a hook's words.
    """
    directory = bench.commits.directory
    with scratch_tree(bench.work_tree, base) as tree:
        if instead_of is not None and not is_ancestor(tree, instead_of, base):
            succeed(tree, instead_of)
        _add_digests(bench, tree)
        workspace = Workspace(tree.root, tree.git_dir, bench.commits.engine_of)
        stack = _stack(workspace, directory)
        turns = [
            Turned(
                stack, secret, values[secret.name], effects_of(stack, secret), secret.declaration is POSTGRES_PASSWORD
            )
            for secret in stack.managed
            if secret.name in values
        ]
        apply_plan(workspace, plan_values(workspace, [stack], turns))
        text = message(tuple(values), directory, bench.site.main, turned=turned)
        return commit_all(tree, text, bench.hooks)


def _add_digests(bench: Bench, tree: WorkTree) -> None:
    """Give the pods digests where nothing asked for them before, and their key to the Secret."""
    workspace = Workspace(tree.root, tree.git_dir, bench.commits.engine_of)
    stack = _stack(workspace, bench.commits.directory)
    if has_digests(stack.streams):
        return
    texts: dict[str, str] = {}
    key = digest_key(stack.streams) or new_digest_key()
    for file in {secret.stream.file for secret in stack.secrets}:
        stream = stack.file(file).stream
        wanted = {secret.document.index for secret in stack.secrets if secret.stream.file == file}
        found = [each for each in resources(stream) if each.document.index in wanted]
        texts[file] = splice(stream.text, [edit for each in found for edit in with_tripwire(each, key)])
    streams = [parse(texts.get(file.file, file.stream.text), file.file) for file in stack.files]
    encrypted = {file.file for file in stack.files if file.encrypted}
    restarts = {consumer.label for secret in stack.managed for consumer in secret.declaration.restart}
    for file, edits in digest_edits(streams, encrypted, restarts).items():
        texts[file] = splice(texts.get(file, stack.file(file).stream.text), edits)
    writes = [write for file, text in texts.items() if (write := workspace.new_text(file, text)) is not None]
    transaction.apply(workspace.root, workspace.state_dir, writes)


def _stack(workspace: Workspace, directory: str) -> Stack:
    for stack in find_stacks(workspace):
        if stack.directory == directory:
            return stack
    raise RefusedError(f"there is no Matrix stack in {directory or '.'} any more", hint="matrix-secrets rotate --abort")
