"""The files that the index or a commit holds, as they are there: whatever the work tree has instead."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import OutsideError
from matrix_secrets.gitrepo.process import ask_git
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.gitrepo.objects import Objects

_REGULAR: Final = frozenset({"100644", "100755"})


class Snapshot:
    """Files by name, below the root, with ``/``, and the ids of their contents. Symbolic links are left out."""

    def __init__(self, blobs: Mapping[str, str], objects: Objects) -> None:
        self.blobs = blobs
        self._objects = objects
        self._read: dict[str, bytes] = {}

    def names(self) -> Iterable[str]:
        """Return the files' names."""
        return self.blobs

    def raw(self, file: str) -> bytes:
        """Return a file's bytes. Raises OutsideError where it cannot be read."""
        if file not in self._read:
            found = self._objects.read(self.blobs[file]) if file in self.blobs else None
            if found is None:
                raise OutsideError(f"{file} cannot be read from Git's objects", hint="git fsck")
            self._read[file] = found
        return self._read[file]


def index_of(work_tree: WorkTree, objects: Objects) -> Snapshot:
    """Return what the index holds: what a commit made now would hold. Files in a conflict are left out."""
    blobs = {}
    for row in ask_git(work_tree, "ls-files", "--stage", "-z").fields:
        about, _, file = row.partition("\t")
        mode, blob, stage = about.split(" ")
        if mode in _REGULAR and stage == "0":
            blobs[file] = blob
    return Snapshot(blobs, objects)


def commit_of(work_tree: WorkTree, revision: str, objects: Objects) -> Snapshot:
    """Return what a commit holds; nothing for a revision that does not exist, such as HEAD before the first commit."""
    blobs = {}
    for row in ask_git(work_tree, "ls-tree", "-r", "-z", "--full-tree", revision, ok=(0, 128)).fields:
        about, _, file = row.partition("\t")
        mode, _, blob = about.split(" ")
        if mode in _REGULAR:
            blobs[file] = blob
    return Snapshot(blobs, objects)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the work tree, the index and HEAD differ: names of files, below the root.

    ``staged`` differ between HEAD and the index, and are in the index; ``unstaged`` differ between index and work
    tree, or are not tracked and not ignored. ``unmerged`` are in a conflict.
    """

    staged: frozenset[str]
    unstaged: frozenset[str]
    unmerged: frozenset[str]


def standing(work_tree: WorkTree) -> Standing:
    """Ask Git what differs: one process for all three."""
    options = ("--porcelain=v2", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all")
    staged, unstaged, unmerged = set(), set(), set()
    for row in ask_git(work_tree, "status", *options).out.split(b"\0"):
        match row[:1]:
            case b"1":
                # 1 XY sub mH mI mW hH hI path
                state, path = row[2:4], os.fsdecode(row.split(b" ", 8)[8])
                if state[:1] not in b".D":
                    staged.add(path)
                if state[1:] != b".":
                    unstaged.add(path)
            case b"u":
                unmerged.add(os.fsdecode(row.split(b" ", 10)[10]))
            case b"?":
                unstaged.add(os.fsdecode(row[2:]))
            case _:
                pass
    return Standing(frozenset(staged), frozenset(unstaged), frozenset(unmerged))
