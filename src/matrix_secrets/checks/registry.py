"""All checks, in an explicit list: a new one is a file of its own and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks import (
    agekey,
    ages,
    agreement,
    ciphertext,
    completeness,
    coverage,
    embedded,
    history,
    identity,
    leaks,
    opening,
    options,
    owner,
    parsing,
    placeholders,
    plaintext,
    ports,
    readers,
    rollout,
    ruled,
    sealed,
    sealing,
    staged,
    urls,
)
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from matrix_secrets.checks.kind import Kind
    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.checks.sweep import Scanner
    from matrix_secrets.findings import Finding


@dataclass(frozen=True, slots=True)
class Check:
    """Looks at stacks and rules. ``kinds`` are all that it can find."""

    kinds: tuple[Kind, ...]
    run: Callable[[Subject], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Looks at each file of the work tree, after it was prepared with the stacks."""

    kinds: tuple[Kind, ...]
    prepare: Callable[[Subject], Scanner]


CHECKS: Final = (
    Check(opening.KINDS, opening.check),
    Check(parsing.KINDS, parsing.check),
    Check(placeholders.KINDS, placeholders.check),
    Check(completeness.KINDS, completeness.check),
    Check(agreement.KINDS, agreement.check),
    Check(plaintext.KINDS, plaintext.check),
    Check(embedded.KINDS, embedded.check),
    Check(identity.KINDS, identity.check),
    Check(urls.KINDS, urls.check),
    Check(ports.KINDS, ports.check),
    Check(options.KINDS, options.check),
    Check(coverage.KINDS, coverage.check),
    Check(readers.KINDS, readers.check),
    Check(sealing.KINDS, sealing.check),
    Check(rollout.KINDS, rollout.check),
    Check(sealed.KINDS, sealed.check),
    Check(owner.KINDS, owner.check),
)
SWEEPS: Final = (
    Sweep(leaks.KINDS, leaks.scanner),
    Sweep(agekey.KINDS, agekey.scanner),
    Sweep(ciphertext.KINDS, ciphertext.scanner),
    Sweep(staged.KINDS, staged.scanner),
)


def kinds() -> Iterator[Kind]:
    """Yield all kinds of findings, in the order of the checks: the reference page lists exactly these."""
    for each in (*CHECKS, *SWEEPS):
        yield from each.kinds
    # Found elsewhere: with --max-age, by the hooks, by audit.
    for kinds_elsewhere in (ages.KINDS, ruled.KINDS, history.KINDS):
        yield from kinds_elsewhere
