"""New contents beside their targets: staged under a journal's names, renamed over the targets, or removed again."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.transaction.durable import sync_directory, sync_file, write_new
from matrix_secrets.transaction.journal import Entry, Journal, Mark
from matrix_secrets.transaction.manyfiles import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from matrix_secrets.transaction.filewrite import Target

# The name of a staged file, which says what it was to become.
STAGED: Final = re.compile(r"\.(?P<name>.+)\.matrix-secrets-[0-9a-f]{8}\.tmp", re.DOTALL)


def plan(targets: Sequence[Target]) -> Journal:
    """Name the staged file of each target and the directories that are missing; touches nothing."""
    missing: dict[str, None] = {}
    for root, directory in dict.fromkeys((target.root, target.real.parent) for target in targets):
        inside = [each for each in reversed((directory, *directory.parents)) if root in each.parents]
        missing.update(dict.fromkeys(_below(root, each) for each in inside if not each.exists()))
    return Journal(tuple(_entry(target) for target in targets), tuple(missing))


def stage(root: Path, targets: Sequence[Target], journal: Journal) -> Journal:
    """Write every new content beside its target and sync it; returns the journal with the marks filled in.

    Raises `OSError`; then `undo` removes what was written.
    """
    for name in journal.directories:
        os.mkdir(root / name)  # noqa: PTH102  (exclusive, and only one level)
    pairs = list(zip(targets, journal.entries, strict=True))
    entries = tuple(_stage(root, *pair) for pair in pairs)
    side_by_side(lambda pair: _sync(root, *pair), pairs)
    sync_directories(root, journal)
    return replace(journal, entries=entries)


def remove_orphans(targets: Sequence[Target]) -> None:
    """Remove what was staged for these files under a journal that is lost. Raises `OSError`.

    To be called with the lock held and no journal left: whatever bears such a name then is an orphan.
    """
    by_directory: dict[Path, set[str]] = {}
    for target in targets:
        by_directory.setdefault(target.real.parent, set()).add(target.real.name)
    for directory, names in by_directory.items():
        found = os.listdir(directory) if directory.is_dir() else []  # noqa: PTH208  (names only, and once)
        for name in found:
            staged = STAGED.fullmatch(name)
            if staged is not None and staged["name"] in names:
                (directory / name).unlink(missing_ok=True)


def finish_one(root: Path, entry: Entry) -> None:
    """Put one staged content in its place, or delete the file; nothing if that is done. Raises `OSError`."""
    if entry.temp is None:
        (root / entry.path).unlink(missing_ok=True)
        return
    temp = _at(root, entry.temp)
    if os.path.exists(temp):  # noqa: PTH110  (as `_at`)
        os.replace(temp, _at(root, entry.path))  # noqa: PTH105  (one os call each, as the tests count them)


def undo(root: Path, journal: Journal) -> None:
    """Remove what was staged; the targets were not touched yet. Raises `OSError`."""
    for entry in journal.entries:
        if entry.temp is not None:
            (root / entry.temp).unlink(missing_ok=True)
    for name in reversed(journal.directories):
        with suppress(OSError):  # somebody else's file may stand in it by now: then it stays
            (root / name).rmdir()


def sync_directories(root: Path, journal: Journal) -> None:
    """Make the renames of a transaction durable. Raises `OSError`."""
    names = (*(entry.path for entry in journal.entries), *journal.directories)
    parents = {name.rpartition("/")[0] for name in names}
    for directory in sorted(_existing(root / parent for parent in parents)):
        sync_directory(directory)


def _stage(root: Path, target: Target, entry: Entry) -> Entry:
    old = Mark.of(target.status)
    if entry.temp is None or target.write.new is None:
        return replace(entry, old=old)
    owner = None if target.status is None else (target.status.st_uid, target.status.st_gid)
    try:
        status = write_new(_at(root, entry.temp), target.write.new, mode=target.mode, owner=owner, sync=False)
    except OSError as error:
        error.filename = str(target.real)  # a failed write names no file, a failed open the staged one
        raise
    return replace(entry, old=old, new=Mark.of(status))


def _sync(root: Path, target: Target, entry: Entry) -> None:
    if entry.temp is None:
        return
    try:
        sync_file(_at(root, entry.temp))
    except OSError as error:
        error.filename = str(target.real)
        raise


def _entry(target: Target) -> Entry:
    if target.write.new is None:
        return Entry(target.relative, None)
    directory, slash, name = target.relative.rpartition("/")
    return Entry(target.relative, f"{directory}{slash}.{name}.matrix-secrets-{secrets.token_hex(4)}.tmp")


def _at(root: Path, name: str) -> str:
    return os.path.join(root, name)  # noqa: PTH118  (a Path takes ten times as long, and there may be thousands)


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _existing(directories: Iterable[Path]) -> list[Path]:
    return [directory for directory in directories if directory.is_dir()]
