"""Git's own merge of three files, for what this program does not merge."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from matrix_secrets.errors import OutsideError
from matrix_secrets.gitrepo.command import PRIVATE

if TYPE_CHECKING:
    from pathlib import Path


def merge_file(ours: Path, base: Path, theirs: Path, marker: int) -> int:
    """Merge into ``ours``, as Git does without a driver. Returns the number of conflicts. Raises OutsideError."""
    labels = ("-L", "ours", "-L", "base", "-L", "theirs")
    env = {name: value for name, value in os.environ.items() if name != PRIVATE}
    words = ["git", "merge-file", "--quiet", f"--marker-size={marker}", *labels, str(ours), str(base), str(theirs)]
    try:
        done = subprocess.run(words, check=False, env=env, capture_output=True)  # noqa: S603  the three are Git's own files
    except FileNotFoundError:
        raise OutsideError("the git program is missing", hint="install git") from None
    if not 0 <= done.returncode < 128:
        raise OutsideError("git merge-file failed", cause=done.stderr.decode(errors="replace").strip() or None)
    return done.returncode
