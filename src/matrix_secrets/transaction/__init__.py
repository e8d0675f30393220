"""Several files change together or not at all: journal, fsync, rename, recovery at the next run.

How it holds: every new content is first staged beside its target and synced to disk, while a journal in the Git
directory names the staged files. One rename of the journal is the point of no return. An interruption before it is
undone, one after it is finished, by `recover` or by the next `apply`. The journal holds paths, sizes and times of
files, never contents or hashes of contents.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from matrix_secrets.transaction.journalnames import pending

if TYPE_CHECKING:
    from matrix_secrets.transaction.filewrite import FileWrite
    from matrix_secrets.transaction.lock import locked
    from matrix_secrets.transaction.recovery import Recovery, recover
    from matrix_secrets.transaction.replacing import apply

__all__ = ["FileWrite", "Recovery", "apply", "locked", "pending", "recover"]

_MODULES = {
    "FileWrite": "filewrite",
    "Recovery": "recovery",
    "apply": "replacing",
    "locked": "lock",
    "recover": "recovery",
}


def __getattr__(name: str) -> object:
    """Import what writes once it is asked for: every command asks whether a run is pending, few write (PEP 562)."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
