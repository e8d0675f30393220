"""Text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cli.output.addressing import Addressed, unaddressed
from matrix_secrets.cli.output.chain import rows_of
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.places import shortened
from matrix_secrets.cli.output.progress import Clock
from matrix_secrets.cli.output.terminal import Mark, Terminal
from matrix_secrets.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from matrix_secrets.errors import MatrixSecretsError
    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.link import Standing
    from matrix_secrets.operations.plan import Change

_GAP: Final = "   "
_WIDEST: Final = 100  # a column wider than this does not push the others away


class TextOutput:
    """Reports on stdout, commentary and errors on stderr."""

    def __init__(
        self,
        out: Terminal,
        err: Terminal,
        *,
        quiet: bool = False,
        verbose: bool = False,
        addressed: Addressed = unaddressed,
    ) -> None:
        self._out = out
        self._err = err
        self._quiet = quiet
        self._verbose = verbose
        self._addressed = addressed
        self._next: list[str] = []
        self._clock = Clock(err)

    def changes(self, changes: Sequence[Change], *, done: bool) -> None:
        """One line each: place, what is done there, and the value where it is no secret."""
        mark = Mark.DONE if done else Mark.SAME
        places = shortened(change.place for change in changes)
        self.rows([Row((place, _what(change)), mark) for place, change in zip(places, changes, strict=True)])

    def findings(self, findings: Sequence[Finding]) -> None:
        """Write a line each, with the fix below; quiet shows errors only."""
        for finding in findings:
            place = f"{finding.place}: " if str(finding.place) else ""
            self._finding(finding, [f"{place}{finding.message}"])

    def notes(self, notes: Sequence[Finding]) -> None:
        """Write a line each, with the place and the fix below."""
        for note in notes:
            self._finding(note, [note.message, *([f"    at   {note.place}"] if str(note.place) else [])])

    def _finding(self, finding: Finding, lines: Sequence[str]) -> None:
        bad = finding.severity is Severity.ERROR
        if self._quiet and not bad:
            return
        fix = [f"    fix  {self._addressed(finding.fix)}"] if finding.fix else []
        sign = self._out.sign(Mark.BAD if bad else Mark.WARNING)
        self._out.write(f"{sign} " + "".join(f"{line}\n" for line in [*lines, *fix]))

    def rows(self, rows: Sequence[Row], title: str = "") -> None:
        """Write a title and rows below it, in columns."""
        if self._quiet:
            return
        if title:
            self._out.write(f"{title}\n")
        indent = "  " if title or any(row.mark is not Mark.NONE for row in rows) else ""
        for row, line in zip(rows, columns([row.cells for row in rows]), strict=True):
            sign = f"{self._out.sign(row.mark)} " if row.mark is not Mark.NONE else ""
            self._out.write(f"{indent}{sign}{line}\n")

    def chain(self, standings: Sequence[Standing], title: str) -> None:
        """Write a line for each link, and what was found below it; quiet shows errors only."""
        if self._quiet:
            self.findings([finding for each in standings for finding in each.findings])
        else:
            self.rows(list(rows_of(standings, self._addressed)), title)

    def note(self, text: str) -> None:
        """Write a line to stderr."""
        if not self._quiet:
            self._err.write(f"{text}\n")

    def detail(self, text: str) -> None:
        """Write a line to stderr, with -v."""
        if self._verbose:
            self._err.write(f"{self._err.paint(text, '2')}\n")

    def data(self, key: str, text: str) -> None:
        """Write the text to stdout as it is, in UTF-8, whatever the locale: it may be a file's content."""
        del key
        self._out.write_bytes(text.encode())

    def put(self, key: str, value: object) -> None:
        """Nothing."""

    def next(self, *commands: str) -> None:
        """Remember the commands for the last line."""
        self._next = list(dict.fromkeys((*self._next, *map(self._addressed, commands))))

    def working(self, what: str | Callable[[], str]) -> AbstractContextManager[None]:
        """Show a clock on stderr."""
        return self._clock.working(what)

    def paused(self) -> AbstractContextManager[None]:
        """Take the clock away."""
        return self._clock.paused()

    def failed(self, error: MatrixSecretsError) -> None:
        """Write what, why and the cure to stderr."""
        lines = [("error:", str(error)), ("cause:", error.cause), ("fix:", self._addressed(error.hint or ""))]
        for label, text in lines:
            if text:
                color = "31;1" if label == "error:" else "1"
                self._err.write(f"{self._err.paint(label, color)}{' ' * (7 - len(label))}{text}\n")

    def close(self, command: str, exit_code: int) -> None:
        """Write the line that says what comes next."""
        del command, exit_code
        for number, line in enumerate(self._next):
            if not self._quiet:
                self._out.write(f"{'Next:' if number == 0 else '   or'} {line}\n")


def _what(change: Change) -> str:
    """Say what happens: the detail, which of a value that is set is the value itself; else the action, too."""
    if not change.detail:
        return change.action
    return change.detail if change.action in {"set", "encrypted"} else f"{change.action}, {change.detail}"


def columns(lines: Sequence[Sequence[str]]) -> list[str]:
    """Pad cells so that they stand below each other."""
    widths: dict[int, int] = {}
    for cells in lines:
        for index, cell in enumerate(cells[:-1]):
            if len(cell) <= _WIDEST:
                widths[index] = max(widths.get(index, 0), len(cell))
    return [
        _GAP.join([*(cell.ljust(widths.get(i, 0)) for i, cell in enumerate(cells[:-1])), cells[-1]]).rstrip()
        for cells in lines
    ]
