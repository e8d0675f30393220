"""The files below a repository's root, without what other programs and other repositories keep there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Where programs put what is theirs: never manifests, never keys, often many thousand files.
_SKIPPED: Final = frozenset(
    {
        ".git",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".terraform",
        ".direnv",
        ".tox",
        ".mypy_cache",
        ".ruff_cache",
    }
)


def walk(root: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the entries below a root that are no directories, with their names relative to it, with ``/``.

    Directories that cannot be read are passed over, and so are those with a ``.git`` of their own.
    """
    pending = [(str(root), "")]
    while pending:
        directory, prefix = pending.pop()
        try:
            with os.scandir(directory) as found:
                entries = list(found)
        except OSError:
            continue
        if prefix and any(entry.name == ".git" for entry in entries):
            continue
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield prefix + entry.name, entry
            elif entry.name not in _SKIPPED:
                pending.append((entry.path, f"{prefix}{entry.name}/"))
