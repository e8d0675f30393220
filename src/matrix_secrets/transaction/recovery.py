"""After an interruption: undo what was only staged, finish what was committed."""

from __future__ import annotations

import enum
import shlex
from typing import TYPE_CHECKING

from matrix_secrets.errors import OutsideError, Place, RefusedError
from matrix_secrets.records import dataclass
from matrix_secrets.transaction import journal as journals
from matrix_secrets.transaction import staging
from matrix_secrets.transaction.journalnames import COMMITTED, INTENT, pending
from matrix_secrets.transaction.lock import locked

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.transaction.journal import Entry, Journal


@dataclass(frozen=True, slots=True)
class Recovery:
    """What `recover` did, as paths below the root: files now as the interrupted run wanted them, or as before it."""

    finished: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.finished or self.undone)


class _State(enum.Enum):
    """How far one file of a committed transaction got."""

    WAITING = enum.auto()
    DONE = enum.auto()
    FOREIGN = enum.auto()


def recover(root: Path, state_dir: Path) -> Recovery:
    """Finish or undo an interrupted run; does nothing, and takes no lock, where there was none.

    Raises `RefusedError` if a file was changed by something else since the interruption (the hint says how to keep
    the files as they are), or if another run is at work; `OutsideError` if the system does not let us.
    """
    if not pending(state_dir):
        return Recovery()
    with locked(state_dir):
        return recover_locked(root.resolve(), state_dir)


def recover_locked(root: Path, state_dir: Path) -> Recovery:
    """`recover` for a caller that holds the lock; ``root`` is resolved."""
    try:
        committed = _committed(state_dir)
        if committed is not None:
            return _finish(root, state_dir, committed)
        return _undo(root, state_dir)
    except OSError as error:
        message = f"cannot clean up after an interrupted run: {error.strerror}"
        where = None if error.filename is None else Place(str(error.filename))
        raise OutsideError(message, place=where, hint="mend that, then run the command again") from None


def finish(root: Path, state_dir: Path, journal: Journal) -> None:
    """Carry out a committed journal; what is done already is passed over. Raises `OSError`."""
    for entry in journal.entries:
        staging.finish_one(root, entry)
    staging.sync_directories(root, journal)
    journals.forget(state_dir)


def _committed(state_dir: Path) -> Journal | None:
    try:
        return journals.load(state_dir, COMMITTED)
    except ValueError:
        path = state_dir / COMMITTED
        message = f"the journal of an interrupted run is damaged: {path}"
        hint = f"compare the files with git diff, remove .*.matrix-secrets-*.tmp, then: rm {shlex.quote(str(path))}"
        raise RefusedError(message, hint=hint) from None


def _finish(root: Path, state_dir: Path, journal: Journal) -> Recovery:
    foreign = [entry for entry in journal.entries if _state(root, entry) is _State.FOREIGN]
    if foreign:
        leftovers = [root / entry.temp for entry in journal.entries if entry.temp is not None]
        remove = [*(path for path in leftovers if path.exists()), state_dir / COMMITTED]
        message = "was changed by something else after a run was interrupted; nothing was written"
        keep = f"to keep every file as it is now: rm {shlex.join(map(str, remove))}"
        raise RefusedError(message, place=Place(foreign[0].path), hint=keep)
    finish(root, state_dir, journal)
    return Recovery(finished=tuple(entry.path for entry in journal.entries))


def _undo(root: Path, state_dir: Path) -> Recovery:
    try:
        intent = journals.load(state_dir, INTENT)
    except ValueError:
        intent = None  # torn while it was written: nothing is staged before it is complete
    if intent is not None:
        staging.undo(root, intent)
    journals.forget(state_dir)
    return Recovery(undone=() if intent is None else tuple(entry.path for entry in intent.entries))


def _state(root: Path, entry: Entry) -> _State:
    target = _mark(root / entry.path)
    if entry.temp is None:
        if target is None:
            return _State.DONE
        return _State.WAITING if target == entry.old else _State.FOREIGN
    if _mark(root / entry.temp) is None:
        return _State.DONE if target == entry.new else _State.FOREIGN
    return _State.WAITING if target == entry.old else _State.FOREIGN


def _mark(path: Path) -> journals.Mark | None:
    try:
        return journals.Mark.of(path.lstat())
    except FileNotFoundError:
        return None
