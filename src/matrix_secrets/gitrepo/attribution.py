"""Which commits brought a content in, and whether anybody else may have it: one walk for all that is asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from matrix_secrets.gitrepo.process import BUFFER, ask_git, streaming
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import IO

    from matrix_secrets.gitrepo.locate import WorkTree

_RAW: Final = (
    "--raw",
    "-z",
    "--no-abbrev",
    "--no-renames",
    "--root",
    "--no-ext-diff",
    "--diff-merges=combined",
    "--topo-order",
)
_MARK: Final = b"\1"
_FORMAT: Final = "--format=%x01%H %cs"
_REFS: Final = ("for-each-ref", "--format=%(refname)", "--contains")


@dataclass(frozen=True, slots=True)
class Introduction:
    """The oldest commit that brought a content in: id, date (``2026-01-31``), the file's name there.

    ``age`` counts what came in since: of two, the larger one is older.
    """

    commit: str
    date: str
    file: str
    age: int


@dataclass(frozen=True, slots=True)
class Reach:
    """Who holds a commit: branches, tags and stashes by short name; none where only a reflog does.

    ``published`` tells that a remote branch has it.
    """

    refs: tuple[str, ...]
    published: bool


def introductions(work_tree: WorkTree, blobs: Collection[str], revisions: tuple[str, ...]) -> dict[str, Introduction]:
    """Find the commits of some contents by one walk through the history; what no commit has is left out."""
    found: dict[str, Introduction] = {}
    if not blobs:
        return found
    wanted = frozenset(blob.encode() for blob in blobs)
    commit = date = ""
    age = 0
    with streaming(work_tree, ("log", *_RAW, _FORMAT, *revisions)) as answers:
        words = _words(answers)
        for word in words:
            if word[:1] == _MARK:
                commit, _, date = word[1:].decode().partition(" ")
            elif word[:1] == b":":
                blob = word.rsplit(b" ", 2)[-2]
                file = next(words, b"")
                if blob in wanted:
                    age += 1
                    found[blob.decode()] = Introduction(commit, date, os.fsdecode(file), age)
    return found


def _words(answers: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while read := answers.read(BUFFER):
        *whole, rest = (rest + read).split(b"\0")
        for word in whole:
            yield word.lstrip(b"\n")


def reach(work_tree: WorkTree, commit: str) -> Reach:
    """Tell which refs hold a commit."""
    names = ask_git(work_tree, *_REFS, commit, ok=(0, 129)).text.splitlines()
    short = [name.removeprefix("refs/").removeprefix("heads/").removeprefix("remotes/") for name in names]
    return Reach(tuple(short), any(name.startswith("refs/remotes/") for name in names))


def dates(work_tree: WorkTree, commits: Collection[str]) -> dict[str, str]:
    """Return the dates of some commits."""
    if not commits:
        return {}
    asked = "".join(f"{commit}\n" for commit in commits).encode()
    rows = ask_git(work_tree, "log", "--no-walk=unsorted", "--stdin", "--format=%H %cs", stdin=asked).text.splitlines()
    return {commit: date for commit, _, date in (row.partition(" ") for row in rows)}
