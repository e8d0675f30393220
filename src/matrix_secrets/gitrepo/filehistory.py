"""The contents that one file had on the current branch, newest first, across its renames."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from matrix_secrets.gitrepo.command import run_git
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.gitrepo.locate import WorkTree

_FORMAT: Final = "--format=%x01%H%x02%P%x02%at%x02%ct"
_NOTHING: Final = "0" * 40


@dataclass(frozen=True, slots=True)
class FileChange:
    """A commit that changed a file: its content afterwards (``blob``) under the name it then had.

    ``when`` is the older of the commit's two times: a rebase makes nothing younger. ``before`` is the content in the
    commit's first parent, ``parent``; None where the file was new.
    """

    commit: str
    parent: str | None
    when: datetime
    file: str
    blob: str | None
    before: str | None
    merge: bool


def file_changes(work_tree: WorkTree, file: str, revision: str = "HEAD") -> list[FileChange]:
    """List the commits on the first-parent line that changed a file, newest first; none where no commit has it.

    A merge counts as the change that it brought to this branch. Raises OutsideError where Git cannot tell.
    """
    words = ("log", "--first-parent", "-m", "--follow", "--raw", "--no-abbrev", "-z", "--no-ext-diff", _FORMAT)
    answer = run_git(work_tree, "--literal-pathspecs", *words, revision, "--", file, ok=(0, 128))
    return list(_parsed(answer.out)) if answer.status == 0 else []


def since(work_tree: WorkTree, change: FileChange) -> datetime:
    """Return when a change was made: of a merge, when the oldest commit that it brought was."""
    if not change.merge:
        return change.when
    words = ("log", "--format=%at%n%ct", f"{change.parent}..{change.commit}")
    answer = run_git(work_tree, "--literal-pathspecs", *words, "--", change.file)
    return min([change.when, *(datetime.fromtimestamp(int(line), UTC) for line in answer.text.split())])


def changed_beside(work_tree: WorkTree, change: FileChange) -> list[tuple[str, str]]:
    """Return the files that a commit changed or deleted, with the blobs that its first parent has of them."""
    if change.parent is None:
        return []
    words = ("diff-tree", "-r", "-z", "--no-renames", change.parent, change.commit)
    return _old_blobs(run_git(work_tree, *words).out)


def changed_now(work_tree: WorkTree) -> list[tuple[str, str]]:
    """Return the files that the work tree changed or deleted, with HEAD's blobs of them."""
    return _old_blobs(run_git(work_tree, "diff-index", "-z", "--no-renames", "HEAD", ok=(0, 128)).out)


def _parsed(out: bytes) -> Iterator[FileChange]:
    for record in out.split(b"\x01")[1:]:
        head, _, raw = record.partition(b"\0")
        commit, parents, authored, committed = head.decode().strip().split("\x02")
        fields = [os.fsdecode(field) for field in raw.lstrip(b"\n").split(b"\0") if field.strip(b"\n")]
        if not fields:
            continue
        meta, names = fields[0].lstrip(":").split(" "), fields[1:]
        before, after, status = meta[2], meta[3], meta[4]
        yield FileChange(
            commit=commit,
            parent=parents.split(" ")[0] or None,
            when=datetime.fromtimestamp(min(int(authored), int(committed)), UTC),
            file=names[-1],
            blob=None if after == _NOTHING else after,
            before=None if before == _NOTHING or status.startswith("A") else before,
            merge=" " in parents,
        )


def _old_blobs(out: bytes) -> list[tuple[str, str]]:
    fields = [os.fsdecode(field) for field in out.split(b"\0") if field]
    found = []
    for meta, name in zip(fields[::2], fields[1::2], strict=False):
        blob = meta.split(" ")[2]
        if set(blob) != {"0"}:
            found.append((name, blob))
    return found
