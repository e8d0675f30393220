"""The system calls that change what is on the disk, by their numbers on x86-64 (Linux's unistd_64.h)."""

from __future__ import annotations

import os
import platform
import sys
from typing import Final

NAMES: Final = {
    1: "write", 2: "open", 18: "pwrite64", 20: "writev", 40: "sendfile", 74: "fsync", 75: "fdatasync", 76: "truncate",
    77: "ftruncate", 82: "rename", 83: "mkdir", 84: "rmdir", 85: "creat", 86: "link", 87: "unlink", 88: "symlink",
    90: "chmod", 91: "fchmod", 92: "chown", 93: "fchown", 257: "openat", 258: "mkdirat", 260: "fchownat",
    263: "unlinkat", 264: "renameat", 265: "linkat", 266: "symlinkat", 268: "fchmodat", 285: "fallocate",
    316: "renameat2", 326: "copy_file_range",
}  # fmt: skip
# Where the descriptor stands among the arguments of calls that have one.
_DESCRIPTOR: Final = {
    "write": 0, "pwrite64": 0, "writev": 0, "sendfile": 0, "fsync": 0, "fdatasync": 0, "ftruncate": 0, "fchmod": 0,
    "fchown": 0, "fallocate": 0, "copy_file_range": 2,
}  # fmt: skip
_FLAGS: Final = {"open": 1, "openat": 2}
_CHANGING: Final = os.O_CREAT | os.O_TRUNC

SUPPORTED: Final = sys.platform == "linux" and platform.machine() == "x86_64"

WRITES: Final = frozenset({"write", "pwrite64", "writev", "sendfile", "copy_file_range", "fallocate", "ftruncate"})
SYNCS: Final = frozenset({"fsync", "fdatasync"})
MAKES: Final = frozenset({"open", "openat", "creat", "mkdir", "mkdirat", "link", "linkat", "symlink", "symlinkat"})
MOVES: Final = frozenset({"rename", "renameat", "renameat2"})
REMOVES: Final = frozenset({"unlink", "unlinkat", "rmdir"})


def descriptor_of(name: str, arguments: list[int]) -> int | None:
    """The file descriptor that a call works on, None for one that works on a path."""
    at = _DESCRIPTOR.get(name)
    return None if at is None else arguments[at]


def changes_nothing(name: str, arguments: list[int]) -> bool:
    """Whether this is an opening that neither makes nor empties a file."""
    at = _FLAGS.get(name)
    return at is not None and not arguments[at] & _CHANGING
