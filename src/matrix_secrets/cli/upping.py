"""``up``: the questions, the plan, and the steps one after the other, each told when it is done."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matrix_secrets.cli import questions
from matrix_secrets.cli.administrators import require_reader
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cli.upsteps import Up
from matrix_secrets.errors import MatrixSecretsError, OutsideError, RefusedError, UsageError
from matrix_secrets.operations.nodeaddress import only_address
from matrix_secrets.operations.up.deciding import Decisions, known_name, knows_address
from matrix_secrets.stack.servername import check_node_ip, check_server_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matrix_secrets.cli.context import App
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.stack.model import Stack

_NAME_ADVICE = (
    "The server's name is the part after the colon in every Matrix ID, and can never change once somebody has an "
    "account: a domain of yours, or, without one, the node's address."
)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; ``patience`` is in seconds, for each wait."""

    server_name: str | None
    node_ip: str | None
    admin: str | None
    reveal: bool
    seal: bool
    registration_open: bool
    offline: bool
    patience: float

    @classmethod
    def of(cls, given: Mapping[str, object], *, patience: float, offline: bool) -> Options:
        """Read click's values."""
        name, address, admin = (given[key] for key in ("server_name", "node_ip", "admin"))
        return cls(
            server_name=name if isinstance(name, str) else None,
            node_ip=address if isinstance(address, str) else None,
            admin=None if given["no_admin"] else str(admin),
            reveal=bool(given["reveal"]),
            seal=not given["no_seal"],
            registration_open=bool(given["keep_registration_open"]),
            offline=offline,
            patience=patience,
        )


def lead(app: App, options: Options, *, dry_run: bool) -> int:
    """Lead through all of it. Raises UsageError for an answer that is missing, and what a step raises."""
    if len(app.stacks) != 1:
        raise UsageError("up leads through one stack", hint="say which: --stack DIR")
    begun, stack = time.monotonic(), app.stacks[0]
    cluster = None if options.offline else _cluster(app)
    asked: list[str] = []
    decisions = _decide(app, stack, cluster, options, asked)
    if cluster is not None and decisions.admin is not None and not dry_run:
        require_reader(app, reveal=options.reveal)
    work = Up(app, decisions, cluster, options.patience)
    _show_plan(app, work, dry_run=dry_run)
    if dry_run:
        app.output.changes(work.planned(), done=False)
        return 0
    where = f"Do all this on {cluster.where}, and push?" if cluster is not None else "Do this in the repository?"
    asked.append(where)
    if not app.confirm(where):
        raise RefusedError("not done: nothing was changed")
    code = _run(app, work)
    _tell_end(app, work, answers=len(asked), seconds=time.monotonic() - begun)
    return code


def _cluster(app: App) -> Connection | None:
    """Return the cluster; None where nobody named one and none answers."""
    from matrix_secrets.cluster.reading import list_kustomizations  # noqa: PLC0415  not for --offline

    try:
        app.timed("looking at the cluster", lambda: list_kustomizations(app.cluster))
    except OutsideError as error:
        if app.cluster_named:
            raise
        app.output.note(f"No cluster at hand ({error.message}): this does the repository's part.")
        return None
    return app.cluster


def _decide(app: App, stack: Stack, cluster: Connection | None, options: Options, asked: list[str]) -> Decisions:
    name, address = options.server_name, options.node_ip
    if knows_address(stack) and address is None:
        address = None
    elif address in {None, "auto"}:
        address = _address(app, cluster, asked, given=address)
    if address is not None:
        check_node_ip(address)
    if name is None and known_name(stack) is None:
        app.output.note(_NAME_ADVICE)
        name = _asked(app, asked, "Server name", address, "add --server-name NAME")
    if name is not None:
        check_server_name(name)
    return Decisions(name, address, options.admin, options.seal, options.registration_open)


def _address(app: App, cluster: Connection | None, asked: list[str], *, given: str | None) -> str:
    found = []
    if cluster is not None:
        from matrix_secrets.cluster.nodes import internal_addresses  # noqa: PLC0415  kubernetes: 0.2 s

        found = internal_addresses(app.settings.context)
    offered = found[0].address if found else None
    if given == "auto" or (offered is not None and app.settings.yes):
        return only_address(found).address
    return _asked(app, asked, "The node's address", offered, "add --node-ip IP, or --node-ip auto")


def _asked(app: App, asked: list[str], question: str, default: str | None, hint: str) -> str:
    asked.append(question)
    with app.output.paused():
        return questions.answer(question, default, hint)


def _show_plan(app: App, work: Up, *, dry_run: bool) -> None:
    head = "Would be done (--dry-run: nothing is):" if dry_run else "To be done, each only where it is not so yet:"
    app.output.rows([Row((step.name, step.would), Mark.SAME) for step in work.steps], head)
    app.output.put("plan", [{"step": step.name, "would": step.would} for step in work.steps])


def _run(app: App, work: Up) -> int:
    done: list[dict[str, object]] = []
    app.output.put("steps", done)
    width = max(len(step.name) for step in work.steps)
    for step in work.steps:
        begun = time.monotonic()
        try:
            with app.output.working(lambda: work.said):
                told = step.run()
        except MatrixSecretsError as error:
            app.output.rows([Row((step.name.ljust(width), error.message), Mark.BAD)])
            work.diagnose()
            raise
        took = time.monotonic() - begun
        done.append({"step": step.name, "changed": told.changed, "text": told.text, "seconds": round(took, 1)})
        row = (step.name.ljust(width), told.text, f"{took:.0f} s" if took >= 1 else "")
        app.output.rows([Row(row, Mark.DONE if told.changed else Mark.SAME)])
    return work.code


def _tell_end(app: App, work: Up, *, answers: int, seconds: float) -> None:
    if work.cluster is None:
        app.output.rows([Row((line,), Mark.WARNING) for line in work.remaining()], "What remains, with a cluster:")
        app.output.next("matrix-secrets up --context NAME")
        return
    answered = "1 answer" if answers == 1 else f"{answers} answers"
    text = f"Done in {seconds:.0f} s, with {answered}. By hand the guide takes 15 steps and some 40 edits."
    app.output.note(text)
    app.output.put("answers", answers)
    app.output.put("seconds", round(seconds, 1))
