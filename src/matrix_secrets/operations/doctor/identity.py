"""The link that starts here: an identity on this machine that opens the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.recipient import short
from matrix_secrets.checks.kind import error
from matrix_secrets.errors import Place
from matrix_secrets.operations.doctor.link import Verdict
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.agekeys.discovery import Discovered
    from matrix_secrets.operations.doctor.case import Case

MISSING: Final = error(
    "identity-missing",
    "The stack is encrypted, and there is no age identity on this machine: nothing in it can be compared.",
    "Name the file of one that is among the recipients: `export SOPS_AGE_KEY_FILE=FILE`.",
)
WRONG: Final = error(
    "identity-wrong",
    "There are identities on this machine, and a file of the stack opens with none of them.",
    "Let somebody who can read it add yours: `matrix-secrets keys add NAME RECIPIENT`.",
)
KINDS: Final = (MISSING, WRONG)


@dataclass(frozen=True, slots=True)
class Seen:
    """``readers`` are the recipients of each encrypted file, shown by name; ``closed`` the files that do not open."""

    known: Discovered
    readers: Mapping[str, Sequence[str]]
    closed: Sequence[str]


def look(case: Case) -> Verdict:
    """Look for identities where sops does, and at which files stayed closed."""
    return judge(Seen(case.local.known, {file: case.readers(file) for file in case.encrypted}, case.closed))


def judge(seen: Seen) -> Verdict:
    """Judge by what opens, not by what is there."""
    mine = [identity.recipient.short for identity in seen.known.identities]
    mine += [each.recipient.short for each in seen.known.locked if each.recipient is not None]
    if not seen.readers:
        what = f"{', '.join(mine)}; " if mine else ""
        return Verdict(f"{what}none is needed: nothing is encrypted")
    if not seen.closed:
        sources = [each.source for each in seen.known.identities] + [each.source for each in seen.known.locked]
        source = next(iter(sources), "")
        return Verdict(f"{', '.join(mine)} from {source}" if mine and source else "opens every file, through sops")
    file = seen.closed[0]
    more = f" and {len(seen.closed) - 1} more" if len(seen.closed) > 1 else ""
    wanted = ", ".join(seen.readers.get(file, ())) or "keys that only sops can use"
    if not mine:
        message = f"there is no age identity on this machine that sops would find; {file}{more} is for {wanted}"
        fix = "export SOPS_AGE_KEY_FILE=FILE, the file of an identity of one of these"
        return Verdict("no identity", (MISSING.at(Place(file), message, fix),))
    message = f"{', '.join(mine)} does not open {file}{more}, which is for {wanted}"
    recipient = next((each.recipient.key for each in seen.known.identities), mine[0])
    fix = f"let one of these run: matrix-secrets keys add NAME '{recipient}' --push; then git pull"
    return Verdict(f"{short(mine[0])} is not among the recipients", (WRONG.at(Place(file), message, fix),))
