"""One run at a time in a repository."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TIMEOUT: Final = 10.0
_LOCK: Final = "lock"
_HOLDER: Final = "lock.holder"


@contextmanager
def locked(
    state_dir: Path,
    timeout: float = TIMEOUT,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the repository's lock; may be nested in one thread.

    Where another run holds it, ``on_wait`` is told once who that is, and ``timeout`` seconds are waited.
    Raises `RefusedError`, naming the holder, when the time is over or the state directory cannot be used.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415  (0.05 s: not for commands that only read)

    prepare(state_dir)
    try:
        lock = FileLock(state_dir / _LOCK, mode=0o600, is_singleton=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if on_wait is not None:
                on_wait(_holder(state_dir))
            lock.acquire(timeout=timeout, poll_interval=0.05)
    except Timeout:
        message = f"another run ({_holder(state_dir)}) is at work in this repository; nothing was changed"
        raise RefusedError(message, hint="wait for it to end, then run the command again") from None
    except OSError as error:
        raise _unusable(state_dir, error) from None
    try:
        # Who holds it is only for messages: a full disk must not matter here.
        with suppress(OSError):
            (state_dir / _HOLDER).write_text(f"process {os.getpid()}\n", encoding="ascii")
        yield
    finally:
        lock.release()


def prepare(state_dir: Path) -> None:
    """Make the state directory, for its owner only. Raises `RefusedError`."""
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(state_dir, error) from None


def _holder(state_dir: Path) -> str:
    try:
        return (state_dir / _HOLDER).read_text(encoding="ascii", errors="replace").strip() or "unknown process"
    except OSError:
        return "unknown process"


def _unusable(state_dir: Path, error: OSError) -> RefusedError:
    message = f"cannot use {state_dir}: {error.strerror}; nothing was changed"
    return RefusedError(message, hint=f"ls -ld {state_dir}")
