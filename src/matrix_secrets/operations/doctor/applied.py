"""The stack as a commit has it: what the cluster was given, whatever has become of the work tree since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError, MatrixSecretsError
from matrix_secrets.gitrepo.ancestry import commit_at
from matrix_secrets.gitrepo.revision import read_file
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.sops.metadata import is_encrypted
from matrix_secrets.stack.discovery import find_stacks

if TYPE_CHECKING:
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


def stack_at(work_tree: WorkTree, workspace: Workspace, stack: Stack, commit: str) -> Stack | None:
    """Return the stack with the contents of a commit; None where that is not here, cannot be read, or has no stack.

    Files that the work tree does not have any more are not seen.
    """
    if commit_at(work_tree, commit) is None:
        return None
    old: dict[str, str] = {}
    for file in stack.files:
        raw = read_file(work_tree, commit, file.file)
        if raw != file.raw:
            plain = "" if raw is None else _plain(workspace, file.file, raw)
            if plain is None:
                return None
            old[file.file] = plain
    if not old:
        return stack
    try:
        found = find_stacks(workspace.with_texts(old))
    except BadManifestError:
        return None
    return next((each for each in found if each.directory == stack.directory), None)


def _plain(workspace: Workspace, file: str, raw: bytes) -> str | None:
    try:
        text = decode(raw, file)
        return workspace.engine.decrypt(text, file=file) if is_encrypted(parse(text, file)) else text
    except MatrixSecretsError:
        return None
