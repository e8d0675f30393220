"""The journal: which files are staged where, and whether the staging is complete.

``intent.json`` exists while files are being staged; ``committed.json`` from the moment on which everything must be
carried out. Both are JSON with paths below the root. Sizes and modification times (``Mark``) let recovery see that
somebody else changed a file after the interruption.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

from matrix_secrets.errors import RefusedError
from matrix_secrets.records import dataclass
from matrix_secrets.transaction.durable import sync_directory, write_new
from matrix_secrets.transaction.journalnames import COMMITTED, INTENT

if TYPE_CHECKING:
    from pathlib import Path

_DRAFT: Final = "committed.json.new"
_SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """Size in bytes and modification time in nanoseconds: enough to see that a file is another one."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result | None) -> Mark | None:
        """Mark a file by its status; None for no file."""
        return None if status is None else cls(status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the transaction.

    ``path`` and ``temp`` are below the root; ``temp`` is None for a deletion. ``old`` and ``new`` are known once
    everything is staged.
    """

    path: str
    temp: str | None
    old: Mark | None = None
    new: Mark | None = None


@dataclass(frozen=True, slots=True)
class Journal:
    """The files of one transaction, and the directories made for them, outermost first."""

    entries: tuple[Entry, ...]
    directories: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Serialise; names that are not UTF-8 survive as escapes."""
        entries = [
            {"path": entry.path, "temp": entry.temp, "old": _fields(entry.old), "new": _fields(entry.new)}
            for entry in self.entries
        ]
        fields = {"schema": _SCHEMA, "entries": entries, "directories": self.directories}
        return json.dumps(fields).encode("ascii") + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Journal:
        """Parse. Raises `ValueError` for anything that `to_bytes` does not write."""
        fields = json.loads(data)
        try:
            if fields["schema"] != _SCHEMA:
                message = "another version's journal"
                raise ValueError(message)
            entries = tuple(_entry(raw) for raw in fields["entries"])
            return cls(entries, tuple(str(name) for name in fields["directories"]))
        except (KeyError, TypeError) as error:
            message = "not a journal"
            raise ValueError(message) from error


def write_intent(state_dir: Path, journal: Journal) -> None:
    """Note what will be staged, before anything is. Raises `OSError`."""
    write_new(state_dir / INTENT, journal.to_bytes(), mode=0o600)
    sync_directory(state_dir)


def commit(state_dir: Path, journal: Journal) -> None:
    """Pass the point of no return: one rename, synced. Raises `OSError`, the point not passed."""
    draft = state_dir / _DRAFT
    draft.unlink(missing_ok=True)
    write_new(draft, journal.to_bytes(), mode=0o600)
    os.rename(draft, state_dir / COMMITTED)  # noqa: PTH104  (one os call each, as the tests count them)
    sync_directory(state_dir)


def load(state_dir: Path, name: str) -> Journal | None:
    """Read a journal, None if there is none. Raises `ValueError` for a torn one, `RefusedError` if unreadable."""
    try:
        return Journal.from_bytes((state_dir / name).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"cannot read the journal {state_dir / name}: {error.strerror}"
        raise RefusedError(message, hint=f"ls -l {state_dir}") from None


def withdraw(state_dir: Path) -> None:
    """Take the commitment back, before any target was touched. Raises `OSError`."""
    (state_dir / COMMITTED).unlink(missing_ok=True)
    sync_directory(state_dir)


def forget(state_dir: Path) -> None:
    """Remove both journals: the transaction is over, carried out or undone. Raises `OSError`."""
    # The committed journal goes last: while it stands, the intent does not count.
    for name in (_DRAFT, INTENT, COMMITTED):
        (state_dir / name).unlink(missing_ok=True)
    sync_directory(state_dir)


def _fields(mark: Mark | None) -> dict[str, int] | None:
    return None if mark is None else {"size": mark.size, "mtime_ns": mark.mtime_ns}


def _entry(raw: dict[str, Any]) -> Entry:
    old, new = (None if raw[name] is None else Mark(int(raw[name]["size"]), int(raw[name]["mtime_ns"]))
                for name in ("old", "new"))  # fmt: skip
    return Entry(str(raw["path"]), None if raw["temp"] is None else str(raw["temp"]), old, new)
