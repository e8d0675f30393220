"""What Git knows of files: tracked, ignored, committed, changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.gitrepo.command import literal, run_git
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from matrix_secrets.gitrepo.locate import WorkTree


@dataclass(frozen=True, slots=True)
class FileDiff:
    """How a file differs from HEAD, in lines; both are None for a binary file. ``path`` is below the root."""

    path: str
    added: int | None
    deleted: int | None


def head_commit(work_tree: WorkTree) -> str | None:
    """Return HEAD's commit id, None on a branch without commits."""
    return run_git(work_tree, "rev-parse", "--quiet", "--verify", "HEAD^{commit}", ok=(0, 1, 128)).text or None


def head_blob(work_tree: WorkTree, path: Path) -> bytes | None:
    """Return a file's bytes as HEAD holds them (no line end conversion), None if it holds none."""
    name = f"HEAD:{work_tree.relative(path)}"
    blob = run_git(work_tree, "rev-parse", "--quiet", "--verify", name, ok=(0, 1, 128)).text
    if not blob or run_git(work_tree, "cat-file", "-t", blob).text != "blob":
        return None
    return run_git(work_tree, "cat-file", "blob", blob).out


def is_ignored(work_tree: WorkTree, path: Path) -> bool:
    """Whether Git ignores a path that it does not track."""
    return run_git(work_tree, "check-ignore", "--quiet", "--", work_tree.relative(path), ok=(0, 1)).status == 0


def is_tracked(work_tree: WorkTree, path: Path) -> bool:
    """Whether the file is in the index."""
    return bool(tracked(work_tree, [work_tree.relative(path)]))


def tracked(work_tree: WorkTree, paths: Iterable[str]) -> set[str]:
    """Return those of the paths (below the root) that are in the index; of a directory, the files in it."""
    wanted = literal(paths)
    return set(run_git(work_tree, "ls-files", "-z", "--", *wanted).fields) if wanted else set()


def diff_summary(work_tree: WorkTree, paths: Iterable[Path] | None = None) -> list[FileDiff]:
    """Compare files with HEAD, staged or not, new ones included; ``paths`` None: all. Sorted by path."""
    names = [] if paths is None else [work_tree.relative(path) for path in paths]
    if paths is not None and not names:
        return []
    base = head_commit(work_tree) or run_git(work_tree, "hash-object", "-t", "tree", "--stdin").text
    options = ("--numstat", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")
    rows = run_git(work_tree, "diff", *options, base, "--", *literal(names)).fields
    listed = [_file_diff(row) for row in rows]
    new = run_git(work_tree, "ls-files", "-z", "--others", "--exclude-standard", "--", *literal(names)).fields
    return sorted([*listed, *(_new_file(work_tree, name) for name in new)], key=lambda diff: diff.path)


def _file_diff(row: str) -> FileDiff:
    added, deleted, path = row.split("\t", 2)
    if added == "-":
        return FileDiff(path, None, None)
    return FileDiff(path, int(added), int(deleted))


def _new_file(work_tree: WorkTree, name: str) -> FileDiff:
    data = b"" if (path := work_tree.root / name).is_symlink() else path.read_bytes()
    return FileDiff(name, None, None) if b"\0" in data else FileDiff(name, len(data.splitlines()), 0)
