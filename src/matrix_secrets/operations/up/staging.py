"""Several plans, one after the other, as one: no value stands on the disk in plain text in between."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.stack.discovery import find_stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matrix_secrets.findings import Finding
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace
    from matrix_secrets.transaction import FileWrite


class Staging:
    """Plans on what the plans before them leave. Files that are plain stay so in memory, until the last plan."""

    def __init__(self, workspace: Workspace, directory: str) -> None:
        self.workspace = workspace
        self._directory = directory
        self._writes: dict[Path, FileWrite] = {}
        self._changes: list[Change] = []
        self._notes: list[Finding] = []
        self._paths: list[str] = []
        self._looked: list[Stack] | None = None

    @property
    def stacks(self) -> list[Stack]:
        """The stack, as the plans so far leave it."""
        if self._looked is None:
            self._looked = [each for each in find_stacks(self.workspace) if each.directory == self._directory]
        return self._looked

    def add(self, make: Callable[[Workspace, Sequence[Stack]], Plan], *, without: Sequence[str] = ()) -> None:
        """Make a plan on the present state, and go on with what it writes; ``without`` are notes not to tell."""
        plan = make(self.workspace, self.stacks)
        self._changes += plan.changes
        self._notes += [note for note in plan.notes if note.id not in without]
        self._paths += plan.paths
        texts: dict[str, str] = {}
        for write in plan.writes:
            before = self._writes.get(write.path)
            self._writes[write.path] = write if before is None else replace(write, old=before.old)
            name = write.path.relative_to(self.workspace.root).as_posix()
            if write.new is not None and name.endswith((".yaml", ".yml")) and write.path.is_file():
                texts[name] = write.new.decode()
        if texts:
            self.workspace = self.workspace.with_texts(texts)
            self._looked = None

    def plan(self, message: str) -> Plan:
        """Return all of it as one plan."""
        return Plan(
            changes=tuple(dict.fromkeys(self._changes)),
            writes=tuple(self._writes.values()),
            notes=tuple(dict.fromkeys(self._notes)),
            commit_message=message,
            paths=tuple(dict.fromkeys(self._paths)),
        )
