"""``up``: the questions, the plan, and the steps one after the other, each told when it is done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from matrix_secrets.cli.administrators import require_reader
from matrix_secrets.cli.contexts import Placed, placed
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cli.upcluster import OnCluster
from matrix_secrets.cli.upquestions import Questions
from matrix_secrets.cli.upsteps import Up
from matrix_secrets.cli.uptable import Table
from matrix_secrets.cli.uptargets import Target, clusters_of, label_of
from matrix_secrets.errors import MatrixSecretsError, OutsideError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.upoptions import Options


def lead(app: App, options: Options, *, dry_run: bool) -> int:
    """Lead through all of it. Raises UsageError for an answer that is missing, and what a step raises."""
    begun = time.monotonic()
    places = [] if options.offline else _places(app, options)
    asking = Questions(app, options)
    targets = _targets(app, options, places, asking)
    for each in targets:
        if each.online is not None:
            _ = each.online.site  # a stack that another cluster applies is told before anything is changed
    if places and options.admin is not None and not dry_run:
        require_reader(app, reveal=options.reveal)
    work = Up(app, targets)
    table = Table(app.output, work.steps, [each.label for each in targets] if len(targets) > 1 else [])
    table.plan("Would be done (--dry-run: nothing is):" if dry_run else "To be done, each only where it is not so yet:")
    app.output.rows([Row((text,), Mark.WARNING) for text, _ in work.left_out()])
    if dry_run:
        app.output.changes(work.planned(), done=False)
        return 0
    if not asking.confirm(_question(targets)):
        raise RefusedError("not done: nothing was changed")
    try:
        table.run(lambda: work.said)
    except MatrixSecretsError:
        work.diagnose()
        raise
    _tell_end(app, work, answers=len(asking.asked), seconds=time.monotonic() - begun)
    return work.code


def _places(app: App, options: Options) -> list[Placed]:
    """Return the stacks with their clusters; none where nobody named one and none answers."""
    from matrix_secrets.cluster.reading import list_kustomizations  # noqa: PLC0415  not for --offline

    try:
        found = placed(app, options.on)
        for cluster in {each.cluster.context: each.cluster for each in found}.values():
            app.timed("looking at the cluster", lambda cluster=cluster: list_kustomizations(cluster))  # type: ignore[misc]
    except OutsideError as error:
        if app.cluster_named or options.on:
            raise
        app.output.note(f"No cluster at hand ({error.message}): this does the repository's part.")
        return []
    return found


def _targets(app: App, options: Options, places: Sequence[Placed], asking: Questions) -> list[Target]:
    found: list[Target] = []
    for stack in app.stacks:
        mine = [each for each in places if each.stack.directory == stack.directory]
        decisions = asking.decide(stack, [each.cluster for each in mine])
        if not mine:
            found.append(Target(stack.label, stack.directory, decisions, None))
        for place in mine:
            online = OnCluster(app, place, options.patience)
            found.append(Target(label_of(place, places), stack.directory, decisions, online))
    return found


def _question(targets: Sequence[Target]) -> str:
    """Ask whether these are the clusters, each with the stacks that it is about."""
    clusters = clusters_of(targets)
    if not clusters:
        return "Do this in the repository?"
    if len(targets) == 1:
        return f"Do all this on {clusters[0][0].where}, and push?"
    each = [f"{' and '.join(name or '.' for name in names)} on {cluster.where}" for cluster, names in clusters]
    return f"Do all this for {', for '.join(each)}, and push?"


def _tell_end(app: App, work: Up, *, answers: int, seconds: float) -> None:
    if not work.online:
        app.output.rows([Row((line,), Mark.WARNING) for line in work.remaining()], "What remains, with a cluster:")
        app.output.next("matrix-secrets up --context NAME")
        return
    for text, fix in work.left_out():
        app.output.rows([Row((text,), Mark.WARNING)])
        app.output.next(fix)
    answered = "1 answer" if answers == 1 else f"{answers} answers"
    text = f"Done in {seconds:.0f} s, with {answered}. By hand the guide takes 15 steps and some 40 edits."
    app.output.note(text)
    app.output.put("answers", answers)
    app.output.put("seconds", round(seconds, 1))
