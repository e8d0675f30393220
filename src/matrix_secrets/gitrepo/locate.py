"""Find the work tree by hand: no git program, no GitPython, because every command starts here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path

_HINT: Final = "git init, or name the repository with -C DIR"
_REFTABLE_BRANCH: Final = ".invalid"


@dataclass(frozen=True, slots=True)
class WorkTree:
    """A work tree: its root, its own Git directory, and the one it shares with other work trees; all resolved."""

    root: Path
    git_dir: Path
    common_dir: Path

    @property
    def state_dir(self) -> Path:
        """Where this program keeps its lock and journal: never part of a commit."""
        return self.git_dir / "matrix-secrets"

    def relative(self, path: Path) -> str:
        """Name a file as Git does: links followed, below the root, with ``/``. Raises `RefusedError` if outside."""
        real = (self.root / path).resolve()
        if not real.is_relative_to(self.root):
            raise RefusedError(f"{path} is not in the repository {self.root}")
        return real.relative_to(self.root).as_posix()


def find_work_tree(start: Path) -> WorkTree:
    """Find the work tree that ``start`` is in, looking upwards.

    Raises `RefusedError` if there is none, if the repository is bare or if ``start`` is inside a Git directory.
    """
    start = start.resolve()
    if not start.is_dir():
        raise RefusedError(f"there is no directory {start}", hint="name the repository with -C DIR")
    for folder in (start, *start.parents):
        if (git_dir := _git_dir_of(folder)) is not None:
            return WorkTree(folder, git_dir, _common_dir(git_dir))
        if _is_git_dir(folder):
            if folder.name == ".git":
                raise RefusedError(f"{start} is inside a Git directory", hint=f"cd {folder.parent}")
            raise RefusedError(f"{folder} is a bare repository: it has no files to work on", hint=f"git clone {folder}")
    raise RefusedError(f"{start} is not in a Git repository", hint=_HINT)


def current_branch(work_tree: WorkTree) -> str | None:
    """Read the current branch's name, born or not; None if HEAD is detached. Raises `RefusedError` if unreadable."""
    try:
        head = (work_tree.git_dir / "HEAD").read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError as error:
        raise RefusedError(f"cannot read {work_tree.git_dir / 'HEAD'}: {error.strerror}") from None
    if not head.startswith("ref:"):
        return None
    branch = head.removeprefix("ref:").strip().removeprefix("refs/heads/")
    if branch == _REFTABLE_BRANCH:
        # The reftable format keeps the real answer in its tables, which only git reads.
        from matrix_secrets.gitrepo.command import run_git  # noqa: PLC0415

        return run_git(work_tree, "symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1)).text or None
    return branch


def operation_in_progress(work_tree: WorkTree) -> str | None:
    """Name what the user has begun and not ended (a merge, a rebase, …); None if nothing."""
    for name, mark in _OPERATIONS:
        if (work_tree.git_dir / mark).exists():
            return name
    return None


_OPERATIONS: Final = (
    ("rebase", "rebase-merge"),
    ("rebase", "rebase-apply"),
    ("merge", "MERGE_HEAD"),
    ("cherry-pick", "CHERRY_PICK_HEAD"),
    ("revert", "REVERT_HEAD"),
)


def _git_dir_of(folder: Path) -> Path | None:
    """Return the Git directory that ``folder/.git`` is or points to (gitrepository-layout(5))."""
    dot_git = folder / ".git"
    if dot_git.is_dir():
        return dot_git.resolve() if _is_git_dir(dot_git) else None
    try:
        text = dot_git.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    if not text.startswith("gitdir:"):
        raise RefusedError(f"{dot_git} is neither a Git directory nor a pointer to one", hint=f"cat {dot_git}")
    git_dir = (folder / text.removeprefix("gitdir:").strip()).resolve()
    if not (git_dir / "HEAD").is_file():
        message = f"{dot_git} points to {git_dir}, which is no Git directory"
        raise RefusedError(message, hint="git worktree repair, in the main work tree")
    return git_dir


def _common_dir(git_dir: Path) -> Path:
    try:
        text = (git_dir / "commondir").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return git_dir
    return (git_dir / text.strip()).resolve()


def _is_git_dir(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
