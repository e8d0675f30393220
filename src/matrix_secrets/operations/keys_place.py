"""Where identity files may stand: where sops looks for them, and never where a commit could take them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matrix_secrets.agekeys.places import default_key_path
from matrix_secrets.errors import RefusedError
from matrix_secrets.gitrepo.changes import is_ignored
from matrix_secrets.gitrepo.locate import find_work_tree

if TYPE_CHECKING:
    from collections.abc import Mapping


def usual_path(env: Mapping[str, str]) -> Path:
    """Return the file that SOPS_AGE_KEY_FILE names, else the one that sops reads without being told to."""
    named = env.get("SOPS_AGE_KEY_FILE", "")
    return Path(named) if named else default_key_path(env)


def refuse_exposed(path: Path, name: str) -> None:
    """Refuse a path in a work tree that is not ignored there. Raises RefusedError."""
    if _is_exposed(path):
        raise RefusedError(
            f"{name} is inside a Git work tree and not ignored there",
            cause="a private key would be one `git add .` away from a commit",
            hint="choose a place outside of the repository, or name it in .gitignore first",
        )


def _is_exposed(path: Path) -> bool:
    """Whether a path is in a work tree and not ignored there."""
    folder = next(parent for parent in path.resolve().parents if parent.is_dir())
    try:
        tree = find_work_tree(folder)
    except RefusedError:
        return False
    return not is_ignored(tree, path)
