"""Files as a revision holds them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from matrix_secrets.gitrepo.command import run_git

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
