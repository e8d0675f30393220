"""The configuration of a clone that says what the drivers named in ``.gitattributes`` are."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from matrix_secrets.gitrepo.attributes import DRIVER
from matrix_secrets.gitrepo.process import ask_git

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.gitrepo.locate import WorkTree


def wanted_settings(program: Sequence[str]) -> dict[str, str]:
    """Return the settings by name; ``program`` are the words that run this program.

    Git keeps no cache of what the diff driver says: it may hold values, on request.
    """
    words = shlex.join(program)
    return {
        f"diff.{DRIVER}.textconv": f"{words} hooks textconv",
        f"diff.{DRIVER}.cachetextconv": "false",
        f"merge.{DRIVER}.name": "matrix-secrets: merges encrypted files by value",
        f"merge.{DRIVER}.driver": f"{words} hooks merge %O %A %B %L %P",
    }


def setting(work_tree: WorkTree, name: str) -> str | None:
    """Return a setting of this clone, None where it has none."""
    return ask_git(work_tree, "config", "--local", "--get", name, ok=(0, 1)).text or None


def set_setting(work_tree: WorkTree, name: str, value: str | None) -> None:
    """Change a setting of this clone; None takes it away."""
    if value is not None:
        ask_git(work_tree, "config", "--local", "--replace-all", name, value)
        return
    ask_git(work_tree, "config", "--local", "--unset-all", name, ok=(0, 5))
    section = name.rpartition(".")[0]
    if ask_git(work_tree, "config", "--local", "--get-regexp", f"^{section}\\.", ok=(0, 1)).status == 1:
        ask_git(work_tree, "config", "--local", "--remove-section", section, ok=(0, 128))
