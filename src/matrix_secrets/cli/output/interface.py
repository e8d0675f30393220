"""What a command may say, whoever listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from matrix_secrets.errors import MatrixSecretsError
    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.link import Standing
    from matrix_secrets.operations.plan import Change


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a report: a mark, and cells that stand in columns."""

    cells: tuple[str, ...]
    mark: Mark = Mark.NONE


class Output(Protocol):
    """Text for people or one JSON object. stdout is data and reports, stderr is commentary."""

    def changes(self, changes: Sequence[Change], *, done: bool) -> None:
        """Tell what changed, or (not ``done``) would change."""

    def findings(self, findings: Sequence[Finding]) -> None:
        """Tell what a check found."""

    def notes(self, notes: Sequence[Finding]) -> None:
        """Tell what to know about a plan: findings, too, but what they say comes first."""

    def rows(self, rows: Sequence[Row], title: str = "") -> None:
        """Show people a report, in columns; programs get theirs by `put`."""

    def chain(self, standings: Sequence[Standing], title: str) -> None:
        """Tell how the links of a stack's chain stand, with what was found at each."""

    def note(self, text: str) -> None:
        """Comment."""

    def detail(self, text: str) -> None:
        """Comment, with -v."""

    def data(self, key: str, text: str) -> None:
        """Give out what the command is for, verbatim: on stdout, or under the JSON object's ``key``."""

    def put(self, key: str, value: object) -> None:
        """Put something of this command into the JSON object; nothing in text."""

    def next(self, *commands: str) -> None:
        """Name the commands that come next."""

    def working(self, what: str | Callable[[], str]) -> AbstractContextManager[None]:
        """Say what is being done, and for how long, should it take over half a second."""

    def paused(self) -> AbstractContextManager[None]:
        """Keep what `working` shows away while a question is asked."""

    def failed(self, error: MatrixSecretsError) -> None:
        """Say why it went no further."""

    def close(self, command: str, exit_code: int) -> None:
        """End: nothing follows."""
