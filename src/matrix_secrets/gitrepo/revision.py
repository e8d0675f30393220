"""Files as a revision holds them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from matrix_secrets.gitrepo.command import literal, run_git

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.gitrepo.locate import WorkTree

_KINDS: Final = frozenset({b"blob", b"tree", b"commit", b"tag"})


def upstream_revision(work_tree: WorkTree) -> str | None:
    """Return the commit that the upstream branch had when it was last fetched or pushed; None without an upstream."""
    words = ("rev-parse", "--quiet", "--verify", "@{upstream}^{commit}")
    return run_git(work_tree, *words, ok=(0, 1, 128)).text or None


def files_of(work_tree: WorkTree, revision: str) -> list[str]:
    """Return the files of a revision, below the root, with ``/``."""
    return run_git(work_tree, "ls-tree", "-r", "-z", "--full-tree", "--name-only", revision).fields


def read_file(work_tree: WorkTree, revision: str, file: str) -> bytes | None:
    """Return a file's bytes as a revision holds them, None if it holds none."""
    answer = run_git(work_tree, "cat-file", "blob", f"{revision}:{file}", ok=(0, 128))
    return answer.out if answer.status == 0 else None


def read_files(work_tree: WorkTree, revision: str, files: Sequence[str]) -> dict[str, bytes]:
    """Return the bytes of many files as a revision holds them, in one go; those that it does not hold are left out."""
    wanted = [file for file in files if "\n" not in file]
    if not wanted:
        return {}
    asked = b"".join(os.fsencode(f"{revision}:{file}\n") for file in wanted)
    out = run_git(work_tree, "cat-file", "--batch", stdin=asked).out
    found: dict[str, bytes] = {}
    position = 0
    for file in wanted:
        header_end = out.index(b"\n", position)
        words = out[position:header_end].rsplit(b" ", 2)
        position = header_end + 1
        if words[-1].isdigit() and words[-2] in _KINDS:
            size = int(words[-1])
            if words[-2] == b"blob":
                found[file] = out[position : position + size]
            position += size + 1
    return found


def is_here(work_tree: WorkTree, commit: str) -> bool:
    """Whether a commit is in this repository."""
    return run_git(work_tree, "cat-file", "-e", f"{commit}^{{commit}}", ok=(0, 1, 128)).status == 0


def files_with(work_tree: WorkTree, revision: str, text: str) -> list[str]:
    """Return the files of a revision that a text stands in, below the root, with ``/``."""
    words = ("grep", "--fixed-strings", "--name-only", "-z", "-e", text, revision)
    found = run_git(work_tree, *words, ok=(0, 1)).fields
    return [name.removeprefix(f"{revision}:") for name in found]


def holds(work_tree: WorkTree, commit: str, wanted: str) -> bool:
    """Whether a commit has in it what another one brought: as its ancestor, or (merged by squashing) as its content.

    False where one of them is not in this repository.
    """
    if commit == wanted:
        return True
    if not (is_here(work_tree, commit) and is_here(work_tree, wanted)):
        return False
    if run_git(work_tree, "merge-base", "--is-ancestor", wanted, commit, ok=(0, 1)).status == 0:
        return True
    base = run_git(work_tree, "merge-base", wanted, commit, ok=(0, 1)).text
    if not base:
        return False
    changed = run_git(work_tree, "diff", "--name-only", "-z", "--no-renames", base, wanted).fields
    words = ("diff", "--quiet", "--no-ext-diff", wanted, commit, "--", *literal(changed))
    return bool(changed) and run_git(work_tree, *words, ok=(0, 1)).status == 0


def fetch(work_tree: WorkTree, remote: str, branch: str) -> bool:
    """Get a branch of a remote; whether that worked."""
    return run_git(work_tree, "fetch", "--quiet", "--", remote, branch, ok=range(256)).status == 0
