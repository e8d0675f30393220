"""The files of a work tree, whatever their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.stack.filetree import walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# An identity, a manifest or a note is never larger; archives and images are.
MAX_BYTES: Final = 1 << 20


def file_names(root: Path) -> list[str]:
    """All regular files below a root, sorted, relative, with ``/``; other repositories in it left out."""
    return sorted(name for name, _ in _regular(root))


def small_files(root: Path, *, but: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files up to `MAX_BYTES`, sorted by name; what cannot be read is passed over.

    ``but`` are endings of names that are left out.
    """
    for name, size in sorted(_regular(root)):
        if size > MAX_BYTES or name.endswith(but):
            continue
        try:
            yield name, (root / name).read_bytes()
        except OSError:
            continue


def _regular(root: Path) -> Iterator[tuple[str, int]]:
    """Yield names and sizes, in bytes."""
    for name, entry in walk(root):
        if entry.is_file(follow_symlinks=False):
            yield name, entry.stat(follow_symlinks=False).st_size
