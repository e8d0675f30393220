"""The chain that `doctor` walks: for people, link by link; for programs, as objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.cli.output.addressing import Addressed
    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.link import Standing

_COLUMN: Final = 16  # the longest name of a link, and a gap
_COUNTED: Final = "files"  # its warnings are those of `verify`, which lists them
_HOLDS: Final = "holds"
_SKIPPED: Final = "not-looked-at"
_UNANSWERED: Final = "not-answered"


def rows_of(standings: Sequence[Standing], addressed: Addressed) -> Iterator[Row]:
    """Yield the lines: a link each, what is wrong with it and the fix below; skipped ones together, with the cause."""
    skipped: dict[tuple[str, ...], list[str]] = {}
    for each in standings:
        if each.state == _SKIPPED:
            skipped.setdefault(each.because, []).append(each.link)
        elif each.state == _UNANSWERED:
            yield _row(each.link, f"could not be asked: {each.detail}", Mark.BAD)
        else:
            yield from _looked_at(each, addressed)
    mute = {each.link for each in standings if each.state == _UNANSWERED}
    for causes, links in skipped.items():
        names, holds = " and ".join(causes), "holds" if len(causes) == 1 else "hold"
        until = "the cluster can be asked" if mute & set(causes) else f"{names} {holds} (--all looks anyway)"
        yield Row((f"{', '.join(links)}: not looked at until {until}",), Mark.SAME)


def _looked_at(each: Standing, addressed: Addressed) -> Iterator[Row]:
    errors = [finding for finding in each.findings if finding.severity is Severity.ERROR]
    warnings = [finding for finding in each.findings if finding.severity is Severity.WARNING]
    counted = each.link == _COUNTED and bool(warnings)
    more = f"; {_count(len(warnings))}, which {addressed('matrix-secrets verify')} lists" if counted else ""
    if each.state == _HOLDS:
        yield _row(each.link, each.detail + more, Mark.WARNING if warnings else Mark.DONE)
    shown = errors if counted else [*errors, *warnings]
    by_fix: dict[str, list[Finding]] = {}
    for finding in shown:
        by_fix.setdefault(finding.fix, []).append(finding)
    for number, same in enumerate(by_fix.values()):
        name = each.link if number == 0 and each.state != _HOLDS else ""
        yield from _findings(name, same, addressed)
    if each.because and each.because != (each.link,):
        yield _row("because", ", ".join(each.because), Mark.NONE)


def _findings(name: str, same: Sequence[Finding], addressed: Addressed) -> Iterator[Row]:
    """Findings with one fix: all of them, then the fix."""
    for number, finding in enumerate(same):
        place = f"{finding.place}: " if str(finding.place) else ""
        mark = Mark.BAD if finding.severity is Severity.ERROR else Mark.WARNING
        yield _row(name if number == 0 else "", f"{place}{finding.message}", mark)
    yield _row("fix", addressed(same[0].fix), Mark.NONE)


def _row(name: str, text: str, mark: Mark) -> Row:
    indent = "  " if mark is Mark.NONE else ""
    return Row((f"{indent}{name:<{_COLUMN}}{text}",), mark)


def _count(number: int) -> str:
    return "1 warning" if number == 1 else f"{number} warnings"


def as_json(each: Standing) -> dict[str, object]:
    """One link; ``findings`` are the ids of those in the list of all findings."""
    return {
        "stack": each.stack,
        "link": each.link,
        "state": str(each.state),
        "detail": each.detail,
        "because": list(each.because),
        "findings": [finding.id for finding in each.findings],
    }
