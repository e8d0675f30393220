"""A private directory in memory: for the plain text that an editor, or sops, works on."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_PREFIX: Final = "matrix-secrets-plain-"
_JUST_MADE: Final = 1.0  # seconds between the making of a directory and its lock, generously


@contextmanager
def memory_directory(env: Mapping[str, str]) -> Iterator[Path]:
    """Yield a new directory (0700) on a file system that lives in memory, removed afterwards.

    TMPDIR, XDG_RUNTIME_DIR and /dev/shm are tried in this order. Raises RefusedError where none is in memory:
    a plain text on a disk can be read long after it was deleted.
    """
    place = next(_places(env), None)
    if place is None:
        raise RefusedError(
            "there is no directory in memory for the plain text",
            cause="none of $TMPDIR, $XDG_RUNTIME_DIR and /dev/shm is a tmpfs that you may write to",
            hint="mount a tmpfs and set TMPDIR to it, then run the command again",
        )
    import tempfile  # noqa: PLC0415  every command looks for abandoned directories, few make one

    directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
    try:
        with _opened(directory) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # held as long as this process lives: see `remove_abandoned`
            yield directory
    finally:
        _remove(directory)


def remove_abandoned(env: Mapping[str, str]) -> None:
    """Remove the directories of runs that were killed: nobody holds their locks any more."""
    for place in _places(env):
        for directory in Path(place).glob(f"{_PREFIX}*"):
            with suppress(OSError), _opened(directory) as descriptor:
                status = os.fstat(descriptor)
                if status.st_uid == os.geteuid() and time.time() - status.st_mtime > _JUST_MADE:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _remove(directory)


def _remove(directory: Path) -> None:
    import shutil  # noqa: PLC0415  the same

    shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _opened(directory: Path) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _places(env: Mapping[str, str]) -> Iterator[str]:
    mounts = _memory_mounts()
    for name in (env.get("TMPDIR"), env.get("XDG_RUNTIME_DIR"), "/dev/shm"):  # noqa: S108  checked to be a tmpfs
        if name and os.access(name, os.W_OK | os.X_OK) and _mount_of(Path(name).resolve(), mounts) is not None:
            yield name


def _memory_mounts() -> dict[Path, bool]:
    """The mount points, and whether each is in memory (proc(5): the second and third field)."""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    fields = [line.split(" ") for line in lines]
    return {Path(field[1].replace("\\040", " ")): field[2] in ("tmpfs", "ramfs") for field in fields if len(field) > 2}


def _mount_of(directory: Path, mounts: dict[Path, bool]) -> Path | None:
    for parent in (directory, *directory.parents):
        if parent in mounts:
            return parent if mounts[parent] else None
    return None
