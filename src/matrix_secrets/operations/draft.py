"""Manifests as they will be: several edits, one after the other, before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.manifests.edits import splice
from matrix_secrets.manifests.parse import decode
from matrix_secrets.stack.workspace import check_parses
from matrix_secrets.transaction import FileWrite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matrix_secrets.manifests.edits import Edit
    from matrix_secrets.stack.workspace import Workspace


class Draft:
    """The work tree's YAML files with changes that are not written yet."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._old: dict[str, bytes | None] = {}
        self._new: dict[str, str] = {}
        self._known = workspace.yaml_files()

    @property
    def files(self) -> list[str]:
        """The files, new ones included."""
        return sorted({*self._known, *self._new})

    def read(self, file: str) -> bytes | None:
        """Return a file's bytes as they will be, None where there is no such file."""
        if file in self._new:
            return self._new[file].encode()
        return self._workspace.raw(file) if (self._workspace.root / file).is_file() else None

    def change(self, file: str, edits: Iterable[Edit]) -> None:
        """Make edits whose positions are those of the text as it now is."""
        raw = self.read(file) or b""
        self._set(file, splice(decode(raw, file), edits))

    def create(self, file: str, text: str) -> None:
        """Begin a file that does not exist."""
        self._set(file, text)

    def writes(self) -> tuple[FileWrite, ...]:
        """Return what has to be written."""
        root = self._workspace.root
        return tuple(FileWrite(root / file, self._old[file], text.encode()) for file, text in self._new.items())

    def _set(self, file: str, text: str) -> None:
        self._old.setdefault(file, self.read(file))
        check_parses(text, file)
        self._new[file] = text
