"""The link in the repository: what `verify` says of the stack, and who reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.findings import Severity
from matrix_secrets.operations.doctor.link import Verdict
from matrix_secrets.operations.verify import verify
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.checks.kind import Kind
    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.case import Case

KINDS: Final[tuple[Kind, ...]] = ()

# Errors of `verify` that keep nothing from running: what is behind them is looked at all the same.
HARMLESS: Final = frozenset(
    {
        "not-checked",
        "plaintext-secret",
        "plaintext-in-encrypted-file",
        "private-key-in-tree",
        "recipients-drift",
        "rule-broken",
        "rule-encrypts-nothing",
        "rule-missing",
        "secret-leaked",
        "staged-leftover",
    }
)
# What a link further on says with the cluster's own words.
TOLD_ELSEWHERE: Final = frozenset({"not-checked", "owner-without-decryption", "owner-without-key"})


@dataclass(frozen=True, slots=True)
class Seen:
    """``readers`` are the recipients of the stack's encrypted files, as people know them."""

    findings: Sequence[Finding]
    encrypted: int
    readers: Sequence[str]


def look(case: Case) -> Verdict:
    """Run every offline check on the stack."""
    local = case.local
    found = verify(local.workspace, (case.stack,), local.rules, without_key=bool(case.closed))
    readers = dict.fromkeys(reader for file in case.encrypted for reader in case.readers(file))
    return judge(Seen(found, len(case.encrypted), tuple(readers)))


def judge(seen: Seen) -> Verdict:
    """Judge by the errors; warnings are passed on."""
    found = tuple(finding for finding in seen.findings if finding.id not in TOLD_ELSEWHERE)
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    many = "file" if seen.encrypted == 1 else "files"
    what = f"{seen.encrypted} {many} encrypted for {', '.join(seen.readers)}" if seen.encrypted else "in plain text"
    return Verdict(what, found, stops=any(finding.id not in HARMLESS for finding in errors))
