"""A leak as it is told: what, where, since which commit, who may have it, is it in use, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.recipient import short
from matrix_secrets.checks import history as kinds
from matrix_secrets.errors import Place
from matrix_secrets.operations.replacement import replacing
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from matrix_secrets.checks.kind import Kind
    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.audit_known import Known

_ID: Final = 9  # characters of a commit's id that are shown
_FEW: Final = 3


@dataclass(frozen=True, slots=True)
class Since:
    """The commit that a leak is known from.

    ``refs`` hold that commit; none: only a reflog does. ``published``: a remote branch has it.
    """

    commit: str
    date: str
    refs: tuple[str, ...]
    published: bool


@dataclass(frozen=True, slots=True)
class Leak:
    """A value, or a private key (``recipient``), in one file's history; ``file`` is empty for a commit's message.

    ``in_use`` is None where that cannot be told. ``since`` is None for what is staged and was never committed.
    ``versions`` counts the contents of the file that have it. ``fingerprint`` is there where a baseline can be kept.
    """

    file: str
    line: int | None
    spelled: str
    in_use: bool | None
    since: Since | None
    known: Known | None = None
    recipient: str | None = None
    opens: int = 0
    versions: int = 1
    fingerprint: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        if self.known is not None:
            return self.known.name
        return f"the private key of {short(self.recipient)}" if self.recipient else "a private key"

    def finding(self) -> Finding:
        """Tell it as a finding; no word of it is a value."""
        place = Place(self.file, line=self.line)
        kind, state, fix = self._about_key() if self.known is None else self._about_value(self.known)
        what = self.name if self.known is None else f"the value of {self.known.name}"
        return kind.at(place, f"{what} stands {self._where()}; {state}", fix)

    def _where(self) -> str:
        spelled = self.spelled.removeprefix(", ")
        how = f"{spelled} " if spelled.startswith("in ") else (f"({spelled}) " if spelled else "")
        if self.since is None:
            return f"here {how}and is staged, not committed yet"
        at = f"{self.since.commit[:_ID]} of {self.since.date}" if self.since.date else self.since.commit[:_ID]
        here = f"here {how}since {at}" if self.file else f"{how}in the message of {at}"
        return f"{here}, {_reach(self.since)}"

    def _about_value(self, known: Known) -> tuple[Kind, str, str]:
        match self.in_use:
            case True:
                return kinds.IN_USE, "it is in use today", f"replace it: {' && '.join(replacing([known]))}"
            case False:
                fix = (
                    "nothing to replace in this repository; once it is used nowhere else: matrix-secrets audit --accept"
                )
                return kinds.REPLACED, "no file holds it today", fix
            case None:
                state = "whether it is in use cannot be told: a file of today does not open"
                return kinds.UNCOMPARED, state, "bring an identity that opens the files, then: matrix-secrets audit"

    def _about_key(self) -> tuple[Kind, str, str]:
        if not self.in_use:
            fix = "if it is used elsewhere, replace it there; then: matrix-secrets audit --accept"
            return kinds.KEY_OF_NOTHING, "nothing in this repository was ever encrypted for it", fix
        fix = "matrix-secrets keys generate, then take the old one off and replace what it could read"
        if self.recipient:
            fix = f"take it off and replace what it could read: matrix-secrets keys remove {self.recipient} --rotate"
        opens = f"it opens {self.opens} versions of files" if self.opens else "it may open what was encrypted for it"
        return kinds.KEY_IN_USE, opens, fix


def _reach(since: Since) -> str:
    if since.published:
        return "which was pushed"
    if not since.refs:
        return "which only a reflog of this clone has"
    named = ", ".join(since.refs[:_FEW])
    return f"in {named}" + (f" and {len(since.refs) - _FEW} more" if len(since.refs) > _FEW else "") + ", not pushed"
