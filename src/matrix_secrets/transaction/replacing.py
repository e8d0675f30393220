"""Apply a plan's file changes: all of them, or none."""

from __future__ import annotations

import errno
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import MatrixSecretsError, OutsideError, Place, RefusedError
from matrix_secrets.transaction import journal as journals
from matrix_secrets.transaction import staging
from matrix_secrets.transaction.filewrite import resolve_all
from matrix_secrets.transaction.lock import locked
from matrix_secrets.transaction.recovery import finish, recover_locked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.transaction.filewrite import FileWrite, Target
    from matrix_secrets.transaction.journal import Journal

_NOT_ALLOWED: Final = {errno.EACCES, errno.EPERM, errno.EROFS}


def apply(root: Path, state_dir: Path, writes: Sequence[FileWrite]) -> None:
    """Change all the files, or none of them.

    ``root`` is the work tree, ``state_dir`` ``<git dir>/matrix-secrets``. An earlier interrupted run is finished or
    undone first. Raises `RefusedError` (a file changed meanwhile, is read-only, leaves the root; no permission;
    another run) and `OutsideError` (disk full, file-size limit): in each case no file was changed, unless the message
    says that the next run finishes.
    """
    real_root = root.resolve()
    with locked(state_dir):
        recover_locked(real_root, state_dir)
        targets = resolve_all(real_root, writes)
        for target in targets:
            target.require_unchanged()
        targets = [target for target in targets if not target.is_no_op]
        if targets:
            _replace(real_root, state_dir, targets)


def _replace(root: Path, state_dir: Path, targets: Sequence[Target]) -> None:
    intent = staging.plan(targets)
    try:
        staging.remove_orphans(targets)
        journals.write_intent(state_dir, intent)
        staged = staging.stage(root, targets, intent)
        for target in targets:  # staging takes time: an editor may have saved meanwhile
            target.require_unchanged()
        journals.commit(state_dir, staged)
    except OSError as error:
        raise _give_up(root, state_dir, intent, error) from None
    except BaseException:
        recover_locked(root, state_dir)
        raise
    _carry_out(root, state_dir, staged)


def _carry_out(root: Path, state_dir: Path, journal: Journal) -> None:
    try:
        try:
            finish(root, state_dir, journal)
        except KeyboardInterrupt:
            # A few renames are left: done is kinder than half done until the next run.
            finish(root, state_dir, journal)
            raise
    except OSError as error:
        message = f"stopped half-way: {error.strerror}; the next run finishes it"
        where = None if error.filename is None else Place(_shown(root, error.filename))
        raise OutsideError(message, place=where, hint="mend that, then run the command again") from None


def _give_up(root: Path, state_dir: Path, intent: Journal, error: OSError) -> MatrixSecretsError:
    """Undo the staging and say why. What cannot be undone now is undone by the next run."""
    try:
        journals.withdraw(state_dir)  # its rename may have succeeded, and only the sync after it failed
        staging.undo(root, intent)
        journals.forget(state_dir)
    except OSError:
        outcome = "no file was changed, the next run removes what was staged"
    else:
        outcome = "nothing was changed"
    message = f"cannot write: {error.strerror}; {outcome}"
    place = None if error.filename is None else Place(_shown(root, error.filename))
    if error.errno in _NOT_ALLOWED:
        directory = root if error.filename is None else Path(str(error.filename)).parent
        return RefusedError(message, place=place, hint=f"look at the permissions: ls -la {shlex.quote(str(directory))}")
    return OutsideError(message, place=place, hint="make room on the disk or lift the limit (df -h, ulimit -f)")


def _shown(root: Path, filename: object) -> str:
    text = str(filename)
    prefix = f"{root}/"
    return text.removeprefix(prefix)
