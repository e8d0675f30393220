"""One file's change, and the real file behind its name."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NEW_FILE_MODE: Final = 0o644


@dataclass(frozen=True, slots=True)
class FileWrite:
    """One file's old and new content.

    ``path`` is absolute. ``old`` is what the plan was made from (None: the file must not exist), ``new`` is what it
    becomes (None: it is deleted). ``mode`` None keeps the old file's permission bits, 0644 for a new file.
    """

    path: Path
    old: bytes | None
    new: bytes | None
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The regular file, symbolic links followed, that a `FileWrite` changes; ``status`` is None if there is none."""

    write: FileWrite
    root: Path
    real: Path
    status: os.stat_result | None

    @property
    def relative(self) -> str:
        """The path below the root, with ``/``."""
        return str(self.real).removeprefix(os.path.join(self.root, ""))  # noqa: PTH118  (asked for every file)

    @property
    def mode(self) -> int:
        """Permission bits that the file has afterwards."""
        if self.write.mode is not None:
            return self.write.mode
        return NEW_FILE_MODE if self.status is None else stat.S_IMODE(self.status.st_mode)

    @property
    def is_no_op(self) -> bool:
        """Whether contents and permission bits stay what they are."""
        if self.write.old != self.write.new:
            return False
        return self.status is None or self.mode == stat.S_IMODE(self.status.st_mode)

    def require_unchanged(self) -> None:
        """Refuse if the file's bytes are no longer those that the plan was made from."""
        if read_or_none(self.real, self.relative) != self.write.old:
            raise _changed(self.relative)


def resolve_all(root: Path, writes: Sequence[FileWrite]) -> list[Target]:
    """Resolve each write to its real file, in order.

    Raises `RefusedError` for a path that leaves ``root``, is named twice, is no regular file or is read-only.
    """
    real_root = root.resolve()
    parents: dict[Path, Path] = {}
    targets = [_resolve(real_root, write, parents) for write in writes]
    seen: set[Path] = set()
    for target in targets:
        if target.real in seen:
            message = "the same file would be written twice"
            raise RefusedError(message, place=Place(target.relative), hint="name it once; nothing was changed")
        seen.add(target.real)
    return targets


def read_or_none(path: Path, shown: str) -> bytes | None:
    """Read a file's bytes; None if there is no such file. Raises `RefusedError` where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"cannot read: {error.strerror}"
        raise RefusedError(message, place=Place(shown)) from None


def _resolve(root: Path, write: FileWrite, parents: dict[Path, Path]) -> Target:
    try:
        real = _real(write.path, parents)
    except (OSError, RuntimeError):  # RuntimeError: a loop of links, until Python 3.13
        message = "cannot follow this path"
        raise RefusedError(message, place=Place(str(write.path)), hint=f"ls -l {write.path}") from None
    if not real.is_relative_to(root):
        message = "leads out of the repository: nothing outside of it is written"
        raise RefusedError(message, place=Place(_shown(root, write.path)), hint=f"ls -l {write.path}")
    try:
        status = real.stat()
    except FileNotFoundError:
        status = None
    except OSError as error:
        message = f"cannot look at it: {error.strerror}"
        raise RefusedError(message, place=Place(_shown(root, real))) from None
    target = Target(write, root, real, status)
    if status is not None:
        _require_writable_file(target, status)
    return target


def _real(path: Path, parents: dict[Path, Path]) -> Path:
    """Resolve a path; of many in one directory the ``parents`` only once."""
    parent = path.parent
    if parent not in parents:
        parents[parent] = parent.resolve()
    real = parents[parent] / path.name
    return path.resolve() if path.name == ".." or real.is_symlink() else real


def _require_writable_file(target: Target, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        message = "is not a regular file"
        raise RefusedError(message, place=Place(target.relative))
    # Root could replace a read-only file all the same; the bits say that its owner does not want that.
    if os.geteuid() in {0, status.st_uid}:
        writable = bool(status.st_mode & stat.S_IWUSR)
    else:
        writable = os.access(target.real, os.W_OK)
    if not writable and not target.is_no_op:
        message = "is read-only; nothing was changed"
        raise RefusedError(message, place=Place(target.relative), hint=f"chmod u+w {target.relative}")


def _changed(shown: str) -> RefusedError:
    message = "changed on disk meanwhile; nothing was written"
    return RefusedError(message, place=Place(shown), hint="run the command again")


def _shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
