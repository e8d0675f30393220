"""Which files Git would never take into a commit by itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.gitrepo.command import run_git
from matrix_secrets.gitrepo.locate import find_work_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def ignored_files(root: Path, files: Sequence[str]) -> frozenset[str]:
    """Return those of the files, named below the root, that Git ignores; tracked ones it does not.

    Empty without a Git repository or a git program: nothing protects the files then.
    """
    if not files:
        return frozenset()
    try:
        work_tree = find_work_tree(root)
        names = b"".join(os.fsencode(file) + b"\0" for file in files)
        answer = run_git(work_tree, "check-ignore", "-z", "--stdin", stdin=names, ok=(0, 1))
    except (OutsideError, RefusedError):
        return frozenset()
    return frozenset(answer.fields)
