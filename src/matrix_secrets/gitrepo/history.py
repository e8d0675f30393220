"""All contents that a repository's history holds: in any branch, tag, stash or remote branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.gitrepo.command import literal, run_git
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.gitrepo.locate import WorkTree

MAX_BYTES: Final = 1 << 20
"""No manifest is larger; images and archives are."""

_BATCH_BYTES: Final = 1 << 25
_BLOB_LINE: Final = 3  # "ID blob SIZE"


@dataclass(frozen=True, slots=True)
class Version:
    """A content that a file had at some time. ``file`` is one name of it, below the root, with ``/``."""

    blob: str
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The commit that brought a content in: its short id and its date (``2026-01-31``)."""

    commit: str
    date: str


def versions(work_tree: WorkTree) -> list[Version]:
    """List every content of every file, newest commits first, up to `MAX_BYTES`; each content once.

    Raises OutsideError where Git cannot tell.
    """
    listed = run_git(work_tree, "rev-list", "--objects", "--all", *_head(work_tree), ok=(0, 128))
    names: dict[str, str] = {}
    for line in listed.text.splitlines():
        blob, _, file = line.partition(" ")
        if file:
            names.setdefault(blob, file)
    if not names:
        return []
    asked = "".join(f"{blob}\n" for blob in names).encode()
    told = run_git(work_tree, "cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", stdin=asked)
    rows = [line.split(" ") for line in told.text.splitlines()]
    return [
        Version(row[0], names[row[0]], int(row[2]))
        for row in rows
        if len(row) == _BLOB_LINE and row[1] == "blob" and int(row[2]) <= MAX_BYTES
    ]


def contents(work_tree: WorkTree, wanted: Sequence[Version]) -> Iterator[tuple[Version, bytes]]:
    """Yield each version with its bytes, in the order given. Raises OutsideError where Git cannot read them."""
    batch: list[Version] = []
    size = 0
    for version in wanted:
        if batch and size + version.size > _BATCH_BYTES:
            yield from _read(work_tree, batch)
            batch, size = [], 0
        batch.append(version)
        size += version.size
    yield from _read(work_tree, batch)


def first_seen(work_tree: WorkTree, version: Version) -> Seen | None:
    """Return the oldest commit that has a content; None where no commit that can be reached brought it in."""
    words = ("log", "--all", *_head(work_tree), "--no-ext-diff", "-m", f"--find-object={version.blob}")
    lines = run_git(work_tree, *words, "--format=%h %cs", "--no-patch", ok=(0, 128)).text.splitlines()
    commit, _, date = lines[-1].partition(" ") if lines else ("", "", "")
    return Seen(commit, date) if commit else None


def commits_of(work_tree: WorkTree, file: str) -> list[str]:
    """Return the commits that changed a file, the newest first, as far as HEAD knows them."""
    words = ("rev-list", *_head(work_tree), "--", *literal([file]))
    return run_git(work_tree, *words).text.split() if _head(work_tree) else []


def is_shallow(work_tree: WorkTree) -> bool:
    """Whether this clone lacks the older part of the history."""
    return run_git(work_tree, "rev-parse", "--is-shallow-repository", ok=(0, 128)).text == "true"


def _head(work_tree: WorkTree) -> list[str]:
    """HEAD as well, where it is detached; a branch without a commit has none."""
    found = run_git(work_tree, "rev-parse", "--quiet", "--verify", "HEAD^{commit}", ok=(0, 1, 128)).text
    return [found] if found else []


def _read(work_tree: WorkTree, batch: Sequence[Version]) -> Iterator[tuple[Version, bytes]]:
    if not batch:
        return
    asked = "".join(f"{version.blob}\n" for version in batch).encode()
    out = run_git(work_tree, "cat-file", "--batch", stdin=asked).out
    position = 0
    for version in batch:
        header_end = out.index(b"\n", position)
        size = int(out[position:header_end].rsplit(b" ", 1)[1])
        begin = header_end + 1
        yield version, out[begin : begin + size]
        position = begin + size + 1
