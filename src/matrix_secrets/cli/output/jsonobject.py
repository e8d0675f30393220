"""One JSON object on stdout, whatever happens; its keys are a contract."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Final

from matrix_secrets.cli.output.addressing import Addressed, unaddressed
from matrix_secrets.cli.output.chain import as_json
from matrix_secrets.cli.output.places import path_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matrix_secrets.cli.output.interface import Row
    from matrix_secrets.cli.output.terminal import Terminal
    from matrix_secrets.errors import MatrixSecretsError
    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.doctor.link import Standing
    from matrix_secrets.operations.plan import Change

SCHEMA: Final = 1


class JsonOutput:
    """Collects what a command says; `close` writes it. Commentary goes to stderr."""

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
        self._changes: list[dict[str, str]] = []
        self._findings: list[dict[str, object]] = []
        self._links: list[dict[str, object]] = []
        self._extra: dict[str, object] = {}
        self._next: list[str] = []
        self._error: dict[str, str | None] | None = None

    def changes(self, changes: Sequence[Change], *, done: bool) -> None:
        """Collect the changes; ``dry_run`` tells which they are."""
        if not done:
            self._extra["dry_run"] = True
        for change in changes:
            place = change.place
            entry = {"file": place.file, "document": place.document, "path": path_text(place)}
            self._changes.append({**entry, "action": change.action})

    def findings(self, findings: Sequence[Finding]) -> None:
        """Collect the findings; ``line``, in the file or in the configuration that the path ends in, where known."""
        for finding in findings:
            place = finding.place
            entry: dict[str, object] = {"id": finding.id, "severity": str(finding.severity), "file": place.file}
            entry |= {"document": place.document, "path": path_text(place)}
            entry |= {} if place.line is None else {"line": place.line}
            self._findings.append({**entry, "message": finding.message, "fix": self._addressed(finding.fix)})

    def notes(self, notes: Sequence[Finding]) -> None:
        """Collect them among the findings."""
        self.findings(notes)

    def rows(self, rows: Sequence[Row], title: str = "") -> None:
        """Nothing: that is for people."""

    def chain(self, standings: Sequence[Standing], title: str) -> None:
        """Collect the links under ``links``, and what was found among the findings."""
        del title
        self._links += [as_json(each) for each in standings]
        self._extra["links"] = self._links
        self.findings([finding for each in standings for finding in each.findings])

    def note(self, text: str) -> None:
        """Write a line to stderr."""
        if not self._quiet:
            self._err.write(f"{text}\n")

    def detail(self, text: str) -> None:
        """Write a line to stderr, with -v."""
        if self._verbose:
            self._err.write(f"{text}\n")

    def data(self, key: str, text: str) -> None:
        """Collect what the command is for."""
        self._extra[key] = text

    def put(self, key: str, value: object) -> None:
        """Collect something of this command."""
        self._extra[key] = value

    def next(self, *commands: str) -> None:
        """Collect the commands that come next."""
        self._next = list(dict.fromkeys((*self._next, *map(self._addressed, commands))))

    def working(self, what: str | Callable[[], str]) -> AbstractContextManager[None]:
        """Show nothing."""
        del what
        return nullcontext()

    def paused(self) -> AbstractContextManager[None]:
        """There is nothing to take away."""
        return nullcontext()

    def failed(self, error: MatrixSecretsError) -> None:
        """Keep the error; ``cause`` is there where it is known."""
        self._error = {"code": error.code, "message": str(error), "hint": error.hint and self._addressed(error.hint)}
        if error.cause:
            self._error["cause"] = error.cause

    def close(self, command: str, exit_code: int) -> None:
        """Write the object."""
        head: dict[str, object] = {"schema": SCHEMA, "command": command, "ok": exit_code == 0}
        body: dict[str, object] = {"changes": self._changes, "findings": self._findings, "error": self._error}
        whole = {**head, **body, "next": self._next, **self._extra}
        self._out.write(json.dumps(whole, ensure_ascii=True, indent=2) + "\n")
