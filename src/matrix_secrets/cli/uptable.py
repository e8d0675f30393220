"""The one table of ``up``: a row for each step; where the stacks differ, a row for each of them below it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.errors import MatrixSecretsError
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matrix_secrets.cli.output.interface import Output


@dataclass(frozen=True, slots=True)
class Told:
    """What a step found or did."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """``would`` says what it does, before it does: one text for all, or by the stacks' labels, as ``run`` yields it."""

    name: str
    would: Sequence[tuple[str, str]]
    run: Callable[[], Iterator[tuple[str, Told]]]


class Table:
    """Shows the steps before they are done, and each when it is. ``labels`` are the stacks', empty for a single one."""

    def __init__(self, output: Output, steps: Sequence[Step], labels: Sequence[str]) -> None:
        self._output = output
        self._steps = steps
        self._labels = labels
        names = [step.name for step in steps] + [_below(label) for label in labels]
        self._width = max(map(len, names))

    def plan(self, title: str) -> None:
        """Show what would be done."""
        rows: list[Row] = []
        entries: list[dict[str, object]] = []
        for step in self._steps:
            texts = dict.fromkeys(text for _, text in step.would)
            entry: dict[str, object] = {"step": step.name, "would": "; ".join(texts)}
            if len(texts) == 1:
                rows.append(Row((step.name, *texts), Mark.SAME))
            else:
                rows.append(Row((step.name, ""), Mark.SAME))
                rows += [Row((_below(label), text), Mark.SAME) for label, text in step.would]
                entry["stacks"] = [{"stack": label, "would": text} for label, text in step.would]
            entries.append(entry)
        self._output.rows(rows, title)
        self._output.put("plan", entries)

    def run(self, said: Callable[[], str]) -> None:
        """Do one step after the other, and tell of each. Raises what a step raises, once that is told."""
        done: list[dict[str, object]] = []
        self._output.put("steps", done)
        for step in self._steps:
            begun = time.monotonic()
            found: list[tuple[str, Told]] = []
            try:
                with self._output.working(said):
                    for each in step.run():
                        found.append(each)  # noqa: PERF402  what is done before a failure is told, too
            except MatrixSecretsError as error:
                self._failed(step, found, error)
                raise
            took = time.monotonic() - begun
            done.append(self._entry(step, found, took))
            self._output.rows(self._rows(step, found, f"{took:.0f} s" if took >= 1 else ""))

    def _rows(self, step: Step, found: Sequence[tuple[str, Told]], took: str) -> list[Row]:
        changed = any(told.changed for _, told in found)
        texts = {told.text for _, told in found}
        head = texts.pop() if len(texts) == 1 else ""
        rows = [Row((step.name.ljust(self._width), head, took), _mark(changed=changed))]
        if head:
            return rows
        return rows + [
            Row((_below(label).ljust(self._width), told.text), _mark(changed=told.changed)) for label, told in found
        ]

    def _failed(self, step: Step, found: Sequence[tuple[str, Told]], error: MatrixSecretsError) -> None:
        """Tell of the stacks that were done, and of the one that was not."""
        rows = [
            Row((_below(label).ljust(self._width), told.text), _mark(changed=told.changed)) for label, told in found
        ]
        self._output.rows([*rows, Row((step.name.ljust(self._width), error.message), Mark.BAD)])

    def _entry(self, step: Step, found: Sequence[tuple[str, Told]], took: float) -> dict[str, object]:
        text = "; ".join(dict.fromkeys(told.text for _, told in found))
        changed = any(told.changed for _, told in found)
        entry: dict[str, object] = {"step": step.name, "changed": changed, "text": text, "seconds": round(took, 1)}
        if self._labels and any(label for label, _ in found):
            entry["stacks"] = [{"stack": label, "changed": told.changed, "text": told.text} for label, told in found]
        return entry


def _below(label: str) -> str:
    return f"  {label}"


def _mark(*, changed: bool) -> Mark:
    return Mark.DONE if changed else Mark.SAME
