"""Every content that a repository holds anywhere, streamed: memory does not grow with the history.

Branches, tags, stashes, remote branches, what only a reflog knows any more (amended and dropped commits), the index.
"""

from __future__ import annotations

import os
from dataclasses import field
from typing import IO, TYPE_CHECKING, Final

from matrix_secrets.errors import UsageError
from matrix_secrets.gitrepo.process import ask_git, streaming
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.gitrepo.locate import WorkTree

WINDOW: Final = 1 << 23
"""Bytes; larger contents come in pieces."""

OVERLAP: Final = 1 << 14
"""Bytes that two pieces share: what is looked for is shorter."""

EVERYTHING: Final = ("--all", "--reflog")
_BLOBS: Final = ("rev-list", "--objects", "--filter=object:type=blob", "--filter-provided-objects")
_CONTENTS: Final = ("cat-file", "--batch=%(objectname) %(objecttype) %(objectsize) %(rest)", "--buffer")
_MESSAGES: Final = ("log", "--no-color", "--no-show-signature", "-z", "--format=%H%n%an <%ae>%n%B")
_TAGS: Final = "--format=%(refname)%0a%(contents)%00"


@dataclass(frozen=True, slots=True)
class Piece:
    """A content, or a part of a large one. ``file`` is one name that it had; ``line`` is where the part begins.

    ``whole`` tells that ``raw`` is all of it. ``commit`` is there for the message of a commit, which has no file;
    ``blob`` is empty for messages.
    """

    blob: str
    file: str
    raw: bytes = field(repr=False)
    line: int = 1
    whole: bool = True
    commit: str = ""


def pieces(work_tree: WorkTree, revisions: tuple[str, ...] = EVERYTHING, *, index: bool = True) -> Iterator[Piece]:
    """Yield each content once, the newest commits' first. ``revisions`` are words of git rev-list.

    Raises OutsideError where Git cannot read them.
    """
    more = ("--indexed-objects",) if index else ()
    with streaming(work_tree, (*_BLOBS, *more, *revisions), _CONTENTS) as answers:
        while header := answers.readline():
            blob, kind, size, name = header[:-1].split(b" ", 3) if header.count(b" ") >= 3 else (b"", b"", b"", b"")
            if not size:
                continue  # missing: a partial clone
            yield from _content(answers, blob.decode(), os.fsdecode(name), int(size), wanted=kind == b"blob")
            answers.read(1)


def _content(answers: IO[bytes], blob: str, file: str, size: int, *, wanted: bool) -> Iterator[Piece]:
    if size <= WINDOW:
        raw = answers.read(size)
        if wanted:
            yield Piece(blob, file, raw)
        return
    left, line, tail = size, 1, b""
    while left:
        fresh = answers.read(min(WINDOW, left))
        left -= len(fresh)
        raw = tail + fresh
        if wanted:
            yield Piece(blob, file, raw, line, whole=False)
        tail = raw[-OVERLAP:]
        line += raw.count(b"\n", 0, len(raw) - len(tail))


def messages(work_tree: WorkTree, revisions: tuple[str, ...] = EVERYTHING) -> Iterator[Piece]:
    """Yield the messages of the commits, with their authors, and those of the tags: they cannot be changed either."""
    with streaming(work_tree, (*_MESSAGES, *revisions)) as answers:
        rest = b""
        while read := answers.read(WINDOW):
            *found, rest = (rest + read).split(b"\0")
            yield from map(_message, found)
        yield from map(_message, [rest] if rest else [])
    if revisions == EVERYTHING:
        for text in ask_git(work_tree, "for-each-ref", _TAGS, "refs/tags").out.split(b"\0"):
            name, _, raw = text.lstrip(b"\n").partition(b"\n")
            yield Piece("", "", raw, commit=os.fsdecode(name))


def _message(text: bytes) -> Piece:
    commit, _, raw = text.partition(b"\n")
    return Piece("", "", raw, commit=commit.decode())


def revisions_since(work_tree: WorkTree, since: str | None) -> tuple[str, ...]:
    """Return the words for everything, or for what is not in ``since`` already. Raises UsageError for no revision."""
    if since is None:
        return EVERYTHING
    found = ask_git(
        work_tree, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{since}^{{commit}}", ok=(0, 1, 128)
    )
    if not found.text:
        raise UsageError(f"{since} is no revision of this repository", hint="git log --oneline shows some")
    return (*EVERYTHING, f"^{found.text}")


def is_shallow(work_tree: WorkTree) -> bool:
    """Whether this clone lacks the older part of the history."""
    return ask_git(work_tree, "rev-parse", "--is-shallow-repository", ok=(0, 128)).text == "true"
