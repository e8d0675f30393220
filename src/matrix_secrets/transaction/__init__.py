"""Several files change together or not at all: journal, fsync, rename, recovery at the next run.

How it holds: every new content is first staged beside its target and synced to disk, while a journal in the Git
directory names the staged files. One rename of the journal is the point of no return. An interruption before it is
undone, one after it is finished, by `recover` or by the next `apply`. The journal holds paths, sizes and times of
files, never contents or hashes of contents.
"""

from __future__ import annotations

from matrix_secrets.transaction.filewrite import FileWrite
from matrix_secrets.transaction.lock import locked
from matrix_secrets.transaction.recovery import Recovery, pending, recover
from matrix_secrets.transaction.replacing import apply

__all__ = ["FileWrite", "Recovery", "apply", "locked", "pending", "recover"]
