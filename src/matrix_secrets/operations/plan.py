"""What an operation is going to do: pure, printable, applied in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from matrix_secrets.errors import Place
    from matrix_secrets.findings import Finding
    from matrix_secrets.transaction import FileWrite


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changes. ``detail`` is shown beside the place: a setting's new value, never a secret's."""

    place: Place
    action: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes of one command, the file contents that make them, and the commit they would be.

    ``paths`` are the files that the command looks after, relative to the root: ``--commit`` takes those of them that
    differ from HEAD, so that a run before without ``--commit`` is not forgotten.
    """

    changes: tuple[Change, ...] = ()
    writes: tuple[FileWrite, ...] = ()
    notes: tuple[Finding, ...] = ()
    commit_message: str = ""
    paths: tuple[str, ...] = ()
    next_commands: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing would change on disk."""
        return not self.writes
