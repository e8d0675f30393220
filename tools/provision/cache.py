"""The folder builds are kept in, between runs and between checkouts."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COMPLETE = ".complete"


def cache_root() -> Path:
    """Return ``$XDG_CACHE_HOME/matrix-secrets-tests``, or the same under ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "matrix-secrets-tests"


def platform_tag() -> str:
    """Return such as ``linux-x86_64``."""
    return f"{platform.system()}-{platform.machine()}".lower()


def fingerprint(files: Iterable[Path], recipe: str) -> str:
    """Return twelve hex digits that change with any file's name or content, and with the ``recipe``."""
    digest = hashlib.sha256(recipe.encode())
    for file in sorted(files):
        content = file.read_bytes()
        digest.update(f"{file.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


def is_complete(folder: Path) -> bool:
    """Tell whether a build in ``folder`` ran to its end."""
    return (folder / COMPLETE).is_file()


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep every other process out of ``folder`` until this one and its children are gone, killed or not.

    Children inherit the lock: a compiler that outlives its killed parent still writes into the folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.set_inheritable(handle.fileno(), True)  # noqa: FBT003  # its only form
        yield


@contextmanager
def building(folder: Path, *, movable: bool) -> Iterator[Path]:
    """Yield a folder to build in, which becomes ``folder`` if the block ends without an exception.

    A ``movable`` build is renamed into place. A virtual environment is not movable (its scripts hold its path): it is
    built in place and counts only once its marker is written, which is the last thing that happens.
    """
    work = folder.with_name(f"{folder.name}.part") if movable else folder
    for leftover in {work, folder}:
        if leftover.exists():
            shutil.rmtree(leftover)
    work.mkdir(parents=True)
    try:
        yield work
        (work / COMPLETE).touch()
        if movable:
            work.rename(folder)
    finally:
        if not is_complete(folder):
            shutil.rmtree(work, ignore_errors=True)
