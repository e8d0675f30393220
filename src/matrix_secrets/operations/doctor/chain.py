"""Along the chain, link by link: what holds, what is broken, and what is not worth a look before that is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cluster.failures import ForbiddenError
from matrix_secrets.errors import OutsideError
from matrix_secrets.operations.doctor.link import Standing, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matrix_secrets.operations.doctor.case import Case
    from matrix_secrets.operations.doctor.link import Link, Verdict


def walk(
    links: Sequence[Link], case: Case, *, every: bool = False, told: Callable[[str], None] = lambda _: None
) -> Iterator[Standing]:
    """Yield what became of each link; ``every``: those behind a broken one, too. ``told`` hears what is looked at.

    A link that the cluster does not let this user look at is passed over; once the cluster cannot be reached nothing
    more is asked of it.
    """
    path = _Path()
    for link in links:
        causes = path.causes(link.needs, path.barred)
        if path.gone or (causes and not every):
            yield path.skipped(case, link, causes)
            continue
        told(link.name)
        try:
            verdict = link.look(case)
        except OutsideError as error:
            yield path.unanswered(case, link, error)
        else:
            yield path.looked_at(case, link, verdict)


class _Path:
    """What is known after the links so far: of each that does not hold, which links have to be mended first."""

    def __init__(self) -> None:
        self.barred: dict[str, tuple[str, ...]] = {}
        self.broken: dict[str, tuple[str, ...]] = {}
        self.gone = ""

    def causes(self, links: Sequence[str], known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
        """The roots of what does not hold among some links."""
        return tuple(dict.fromkeys(root for name in links for root in known.get(name, ())))

    def skipped(self, case: Case, link: Link, causes: tuple[str, ...]) -> Standing:
        causes = causes or (self.gone,)
        self.barred[link.name] = causes
        return Standing(case.stack.label, link.name, State.SKIPPED, because=causes)

    def unanswered(self, case: Case, link: Link, error: OutsideError) -> Standing:
        if not isinstance(error, ForbiddenError):
            self.gone = link.name
        self.barred[link.name] = (link.name,)
        return Standing(case.stack.label, link.name, State.UNANSWERED, str(error), error=error)

    def looked_at(self, case: Case, link: Link, verdict: Verdict) -> Standing:
        roots = self.causes((*link.needs, *link.after), self.broken)
        if verdict.bars:
            self.barred[link.name] = roots or (link.name,)
        if verdict.broken:
            self.broken[link.name] = roots or (link.name,)
        state = State.BROKEN if verdict.broken else State.HOLDS
        because = roots if verdict.broken else ()
        return Standing(case.stack.label, link.name, state, verdict.detail, verdict.findings, because)
