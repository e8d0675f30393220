"""A rotation in a running cluster: what is shown, asked, and told of each step."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from matrix_secrets.cli.failure import StoppedError
from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.errors import OutsideError
from matrix_secrets.gitrepo.changes import head_commit
from matrix_secrets.operations.rotation.bench import Bench, open_bench, remote_of
from matrix_secrets.operations.rotation.commits import Commits
from matrix_secrets.operations.rotation.driving import Done, drive
from matrix_secrets.operations.rotation.machine import Step, next_step, state
from matrix_secrets.operations.rotation.sight import look
from matrix_secrets.operations.rotation.words import ONWARD, onward, standing, state_text, stranded

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.cli.context import App
    from matrix_secrets.operations.rotation.sight import Sight
    from matrix_secrets.operations.rotation.world import Side

LABELS: Final = {
    Step.RENEW: "prepared",
    Step.ALTER: "database",
    Step.RESTORE: "database",
    Step.PUBLISH: "published",
    Step.WAIT: "merged",
    Step.RECONCILE: "reconciled",
    Step.RESTART: "restarted",
    Step.PROVE: "serving",
    Step.SETTLE: "settled",
    Step.TURN: "turned",
    Step.CLOSE: "proven",
}
_LABEL, _SAID = 10, 60  # characters: the columns of the steps, which come one by one

_Result = TypeVar("_Result")


class Telling:
    """Tells each step as it is done, and collects them for the JSON object."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._steps: list[dict[str, object]] = []
        app.output.put("steps", self._steps)

    def __call__(self, done: Done) -> None:
        """Tell a step of the machine."""
        self._tell(LABELS[done.step], done.said, done.seconds, well=done.well)

    def row(self, label: str, said: str, seconds: float) -> None:
        """Tell any other step that was done."""
        self._tell(label, said, seconds, well=True)

    def _tell(self, label: str, said: str, seconds: float, *, well: bool) -> None:
        self._steps.append({"step": label, "said": said, "seconds": round(seconds, 1), "ok": well})
        row = Row((label.ljust(_LABEL), said.ljust(_SAID), f"{seconds:.0f} s"), Mark.DONE if well else Mark.WARNING)
        self._app.output.rows([row])


def bench_in_flight(app: App, patience: float) -> Bench | None:
    """Find the rotation that is in flight, whatever this work tree has; None where there is none."""
    from matrix_secrets.gitrepo.remoteheads import read_heads  # noqa: PLC0415  GitPython: 0.1 s
    from matrix_secrets.operations.rotation.journal import ROTATION_BRANCH, read_journal  # noqa: PLC0415

    tree = app.work_tree
    remote = remote_of(tree)
    tip = app.timed("asking the remote", lambda: read_heads(tree, remote, (ROTATION_BRANCH,))).get(ROTATION_BRANCH)
    if tip is None:
        return None
    journal = read_journal(tree, tip, remote)
    try:
        return new_bench(app, journal.directory, tip, patience)
    except OutsideError as error:
        raise stranded(error, None, seen_now=False) from None


def new_bench(app: App, directory: str, commit: str, patience: float) -> Bench:
    """Find the stack of a directory, as a commit has it, in the cluster."""
    workspace = KeyWork(app).workspace
    commits = Commits(app.work_tree, lambda: workspace.engine, directory)
    return app.timed("looking for Flux", lambda: open_bench(app.work_tree, app.cluster, commits, commit, patience))


def watched(app: App, bench: Bench, work: Callable[[], _Result]) -> _Result:
    """Do something with a clock that says what is being waited for; Ctrl-C tells how to go on."""
    try:
        with app.output.working(lambda: bench.said or "rotating"):
            return work()
    except KeyboardInterrupt:
        text = "interrupted; the rotation is where it was, and any machine can go on"
        raise StoppedError(text, hint=ONWARD) from None


def finish(app: App, bench: Bench, goal: Side, telling: Telling) -> int:
    """Drive a rotation to its end."""
    gap = watched(app, bench, lambda: drive(bench, goal, telling))
    app.output.put("gap_seconds", None if gap.seconds is None else round(gap.seconds, 1))
    with suppress(OutsideError):  # it is done; whether the remote still answers changes nothing
        main = bench.heads().commits[bench.site.main]
        if head_commit(app.work_tree) != main:
            app.output.note(f"Your work tree is not at {main[:8]}, which {bench.site.main} is now.")
            app.output.next("git pull")
    return 0


def go_on(app: App, goal: Side, patience: float, *, dry_run: bool) -> int:
    """``--resume`` (the new values) and ``--abort`` (the old ones), from wherever the rotation stands."""
    bench = bench_in_flight(app, patience)
    if bench is None:
        app.output.rows([Row(("No rotation is in flight.",), Mark.SAME)])
        return 0
    if dry_run:
        sight = watched(app, bench, lambda: look(bench))
        _tell(app, sight)
        app.output.rows([Row((f"next step: {next_step(sight.world, goal)}",), Mark.SAME)])
        return 0
    return finish(app, bench, goal, Telling(app))


def status(app: App, patience: float) -> int:
    """``--status``: where the rotation stands, and how to go on."""
    bench = bench_in_flight(app, patience)
    if bench is None:
        app.output.put("state", "idle")
        app.output.rows([Row(("No rotation is in flight.",), Mark.SAME)])
        return 0
    sight = watched(app, bench, lambda: look(bench))
    _tell(app, sight)
    app.output.next(*onward(sight.world).split(", or "))
    return 0


def _tell(app: App, sight: Sight) -> None:
    journal, world, found = sight.in_flight, sight.world, state(sight.world)
    app.output.put("state", str(found))
    sides = {"main": world.main, "database": world.role, "cluster": world.live, "pods": world.pods}
    facts = {name: getattr(world, name) for name in ("settled", "serves", "based", "contested", "turned")}
    app.output.put("world", {**{name: side and str(side) for name, side in sides.items()}, **facts})
    app.output.put("rotation", {"names": list(sight.names), "stack": journal.directory, "commit": journal.tip})
    title = f"Rotation of {', '.join(sight.names)} in {journal.directory or '.'}, {journal.tip[:8]}"
    title += ", back to the values from before" if journal.turned else ""
    synapse = "reads its database" if world.serves else "does not read its database"
    rows = [("stands at", state_text(found)), ("in force", standing(world)), ("Synapse", synapse)]
    app.output.rows([Row((f"  {label}", text)) for label, text in rows], title)
