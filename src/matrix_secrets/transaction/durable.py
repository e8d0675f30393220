"""Writing that survives a power cut: synced files, synced directories."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_EXCLUSIVE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_new(
    path: Path | str, data: bytes, *, mode: int, owner: tuple[int, int] | None = None, sync: bool = True
) -> os.stat_result:
    """Create a file that must not exist yet, 0600 until it is complete, and sync it.

    ``owner`` (user id, group id) is set where the system lets us. Without ``sync``, `sync_file` has to follow: of many
    files, that is quicker once all are written. Returns the finished file's status.
    Raises `OSError`; the caller removes what was left.
    """
    descriptor = os.open(path, _EXCLUSIVE, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if owner is not None:
            # Only root can give a file away: for others it stays theirs, as with any editor that renames.
            with suppress(PermissionError):
                os.fchown(descriptor, *owner)
        os.fchmod(descriptor, mode)
        if sync:
            os.fsync(descriptor)
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path | str) -> None:
    """Make a file's content durable. Raises `OSError`."""
    _sync(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)


def sync_directory(path: Path | str) -> None:
    """Make renames and removals in a directory durable. Raises `OSError`."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _sync(path: Path | str, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
