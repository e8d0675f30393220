"""When a managed secret's value last changed, from the Git history alone: nothing is kept anywhere.

A value is followed back through the contents of its files, decrypted in memory, until another one stands there. The
same value under new ciphertext is no change. Where that cannot be told, the age is unknown: never fresh.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from matrix_secrets.gitrepo.filehistory import changed_beside, changed_now, file_changes, since
from matrix_secrets.gitrepo.history import is_shallow
from matrix_secrets.operations.pastvalues import PastValues
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from matrix_secrets.gitrepo.filehistory import FileChange
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.declaration import Declaration
    from matrix_secrets.stack.model import ManagedSecret


_FIRST: Final = 8  # contents


class Known(StrEnum):
    """What is known of an age."""

    SINCE = "known"
    UNKNOWN = "unknown"
    NOT_COMMITTED = "not committed"


@dataclass(frozen=True, slots=True)
class Age:
    """``since`` is there for what is known; ``why`` says why it is not."""

    known: Known
    since: datetime | None = None
    why: str = ""


class Ages:
    """Finds ages in one repository. ``decrypt`` takes an encrypted text and its file's name."""

    def __init__(self, work_tree: WorkTree, decrypt: Callable[[str, str], str]) -> None:
        self._work_tree = work_tree
        self._past = PastValues(work_tree, decrypt)
        self._shallow: bool | None = None
        self._changes: dict[tuple[str, str], list[FileChange]] = {}

    def of(self, secret: ManagedSecret) -> Age | None:
        """Return the age of a secret's value, the oldest of its places; None where it has no value yet.

        Raises OutsideError where Git cannot tell.
        """
        if any(location.why is not None for location in secret.locations):
            return Age(Known.UNKNOWN, why="a place of it cannot be read")
        if not secret.values:
            return None
        if len(secret.values) > 1:
            return Age(Known.UNKNOWN, why="its places do not agree")
        files = dict.fromkeys(location.file for location in secret.locations if location.value is not None)
        found = [self._in_file(file, secret.declaration, secret.values[0]) for file in files]
        unknown = next((age for age in found if age.known is Known.UNKNOWN), None)
        committed = [age for age in found if age.since is not None]
        return unknown or min(committed, key=_since, default=found[0])

    def _in_file(self, file: str, declaration: Declaration, value: SecretValue) -> Age:
        changes = self._of_file(file, "HEAD")
        self._past.read([(each.blob, each.file) for each in changes[:_FIRST] if each.blob is not None])
        held = self._past.holds(changes[0].blob, changes[0].file, declaration, value) if changes else False
        if held is False:
            moved = None
            if not changes or not self._past.has_any(changes[0].blob, changes[0].file, declaration):
                moved = self._moved(changed_now(self._work_tree), "HEAD", file, declaration, value)
            return moved or Age(Known.NOT_COMMITTED, why="it is not committed yet")
        return self._back(changes, declaration, value)

    def _back(self, changes: Sequence[FileChange], declaration: Declaration, value: SecretValue) -> Age:
        """Follow a value that the newest of these contents has, or may have."""
        certain = False
        read = 0
        for number, change in enumerate(changes):
            if number >= read:  # few at first: most values change seldom, and their files often
                chunk = changes[read : read + max(_FIRST, read)]
                self._past.read([(each.blob, each.file) for each in chunk if each.blob is not None])
                read += len(chunk)
            held = self._past.holds(change.blob, change.file, declaration, value)
            certain = certain or held is True
            older = changes[number + 1] if number + 1 < len(changes) else None
            name = change.file if older is None else older.file
            before = change.before
            if before is None and older is not None:  # it was deleted for a while
                before = older.blob or older.before
            if before is not None and self._past.holds(before, name, declaration, value) is not False:
                continue
            if not certain or (before is None and held is None):
                return Age(Known.UNKNOWN, why="no older version of its file can be opened here")
            if change.before is None and self._is_shallow():
                return Age(Known.UNKNOWN, why="this clone is shallow: git fetch --unshallow")
            moved = None
            if not self._past.has_any(change.before, change.file, declaration):
                beside = changed_beside(self._work_tree, change)
                moved = self._moved(beside, change.parent or "", change.file, declaration, value)
            return moved or Age(Known.SINCE, since(self._work_tree, change))
        return Age(Known.UNKNOWN, why="the history of its file breaks off")

    def _moved(
        self, beside: Sequence[tuple[str, str]], revision: str, file: str, declaration: Declaration, value: SecretValue
    ) -> Age | None:
        """Follow a value to the file that it came from; None where it was new."""
        for other, blob in beside:
            if other == file or not other.endswith((".yaml", ".yml")):
                continue
            held = self._past.holds(blob, other, declaration, value)
            if held is None:
                return Age(Known.UNKNOWN, why=f"it may come from {other}, which cannot be opened here")
            if held:
                return self._back(self._of_file(other, revision), declaration, value)
        return None

    def _of_file(self, file: str, revision: str) -> list[FileChange]:
        if (file, revision) not in self._changes:
            self._changes[file, revision] = file_changes(self._work_tree, file, revision)
        return self._changes[file, revision]

    def _is_shallow(self) -> bool:
        if self._shallow is None:
            self._shallow = is_shallow(self._work_tree)
        return self._shallow


def _since(age: Age) -> float:
    return age.since.timestamp() if age.since is not None else 0.0
