"""Which branch is the main one: the one that others, and Flux, take for the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.gitrepo.process import ask_git

if TYPE_CHECKING:
    from matrix_secrets.gitrepo.locate import WorkTree

_USUAL: Final = frozenset({"main", "master"})


def is_main(work_tree: WorkTree, branch: str | None) -> bool:
    """Whether a branch is the remote's default one, or is called as main branches are. None: HEAD is detached."""
    if branch is None:
        return False
    if branch in _USUAL:
        return True
    heads = ask_git(work_tree, "for-each-ref", "--format=%(symref)", "refs/remotes/*/HEAD").text.split()
    return branch in {head.removeprefix("refs/remotes/").partition("/")[2] for head in heads}
