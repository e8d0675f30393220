"""The rotation branch: a lock that every machine sees, and the journal from which any of them goes on.

Its commit holds the new values, the commit before it the old ones; what else has to be known stands in its trailers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError
from matrix_secrets.gitrepo.command import run_git
from matrix_secrets.gitrepo.remoteheads import parent_of
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.gitrepo.locate import WorkTree

ROTATION_BRANCH: Final = "matrix-secrets/rotation"
_STACK: Final = "Rotation-Stack"
_MAIN: Final = "Rotation-Branch"
_SECRETS: Final = "Rotation-Secrets"
_TURNED: Final = "Rotation-Turned"
_SEARCHED: Final = 50  # commits: who updates a merge request puts some on top


@dataclass(frozen=True, slots=True)
class Journal:
    """A rotation in flight.

    ``tip`` is where the branch stands, ``commit`` the rotation itself, ``before`` the commit with the old values;
    ``directory`` is the stack's, ``main`` the branch that Flux follows. ``turned``: its new values are those from
    before a rotation that was given up.
    """

    tip: str
    commit: str
    before: str
    directory: str
    main: str
    names: tuple[str, ...]
    turned: bool = False


def message(names: Sequence[str], directory: str, main: str, *, turned: bool = False) -> str:
    """Return the message of a rotation's commit."""
    what = ", ".join(names) if len(names) < 3 else f"{len(names)} secrets"
    subject = f"revert(matrix): back to {what} from before" if turned else f"feat(matrix): rotate {what}"
    trailers = [f"{_STACK}: {directory or '.'}", f"{_MAIN}: {main}", f"{_SECRETS}: {' '.join(names)}"]
    trailers += [f"{_TURNED}: yes"] if turned else []
    return f"{subject}\n\n" + "".join(f"{line}\n" for line in trailers)


def read_journal(work_tree: WorkTree, tip: str, remote: str) -> Journal:
    """Read the rotation from its branch. Raises RefusedError where no rotation of this program stands there."""
    keys = (_STACK, _MAIN, _SECRETS, _TURNED)
    wanted = "%x1f".join(f"%(trailers:key={key},valueonly,separator=%x20)" for key in keys)
    words = ("log", "--first-parent", f"--max-count={_SEARCHED}", f"--format=%H%x1f{wanted}%x1e", tip)
    for row in run_git(work_tree, *words).text.split("\x1e"):
        commit, *fields = row.strip("\n").split("\x1f")
        before = parent_of(work_tree, commit) if len(fields) == len(keys) and fields[0] else None
        if before is not None:
            directory, main, names, turned = fields
            stack = "" if directory == "." else directory
            return Journal(tip, commit, before, stack, main, tuple(names.split()), bool(turned))
    raise RefusedError(
        f"the branch {ROTATION_BRANCH} of {remote} holds no rotation of matrix-secrets",
        hint=f"look at it: git log {remote}/{ROTATION_BRANCH}; if nobody needs it: "
        f"git push {remote} --delete {ROTATION_BRANCH}",
    )
