"""Before a commit: what is staged is looked at, as it is staged."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from matrix_secrets.errors import MatrixSecretsError
from matrix_secrets.gitrepo.branches import is_main
from matrix_secrets.gitrepo.locate import current_branch
from matrix_secrets.gitrepo.objects import Objects
from matrix_secrets.gitrepo.snapshot import Snapshot, commit_of, index_of, standing
from matrix_secrets.operations.hook_examine import Change, Examined, examine
from matrix_secrets.operations.hook_stacks import EngineOf, readable_stacks, workspace_of
from matrix_secrets.stack.recognition import may_hold_parts
from matrix_secrets.stack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.stack.model import Stack

_SUFFIXES = (".yaml", ".yml")


def examine_staged(work_tree: WorkTree, engine_of: EngineOf, *, allow_plaintext: bool = False) -> Examined:
    """Look at what would be committed now. Raises OutsideError where Git cannot tell."""
    state = standing(work_tree)
    if not state.staged:
        return Examined()
    with Objects(work_tree) as objects:
        index = index_of(work_tree, objects)
        head = commit_of(work_tree, "HEAD", objects)
        main = is_main(work_tree, current_branch(work_tree))
        changed = sorted(file for file in state.staged if file in index.blobs)
        change = Change(index, changed, head, to_main=main, allow_plaintext=allow_plaintext)
        others = _elsewhere(work_tree, engine_of, change, state.unstaged)
        return examine(work_tree, change, engine_of, others)


def _elsewhere(work_tree: WorkTree, engine_of: EngineOf, change: Change, unstaged: Iterable[str]) -> Iterator[Stack]:
    """Yield the stacks of HEAD and of the work tree, where they may hold values that the index does not."""
    before = change.before
    if any(_may_hold(before, file) or _may_hold(change.files, file) for file in change.changed):
        yield from readable_stacks(workspace_of(work_tree, before, engine_of))[0]
    disk = Workspace(work_tree.root, work_tree.git_dir, engine_of)
    for file in unstaged:
        if file.endswith(_SUFFIXES):
            with suppress(MatrixSecretsError):
                if may_hold_parts(disk.raw(file)):
                    yield from readable_stacks(disk)[0]
                    return


def _may_hold(files: Snapshot, file: str) -> bool:
    return file.endswith(_SUFFIXES) and file in files.blobs and may_hold_parts(files.raw(file))
