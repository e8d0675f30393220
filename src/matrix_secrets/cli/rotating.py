"""What a rotation shows: before, what it does to whom; afterwards, what remains to be done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from matrix_secrets.cli.ageing import ages_of
from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.cli.output.ages import human_age
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.places import path_text
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.deployment import PublishedTree
from matrix_secrets.operations.rotation.planning import plan_rotation
from matrix_secrets.operations.rotation.remaining import refuse_push, remaining
from matrix_secrets.operations.sealing import RuleSealing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.cli.ageing import AgeTable
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How
    from matrix_secrets.operations.rotation.model import Rotation, Turned

_EACH: Final = 5  # stacks; of more the first one stands for all


def rotate_offline(app: App, names: tuple[str, ...], deployed: bool | None, how: How) -> int:  # noqa: FBT001  None: not said
    """Change the files, and say what remains to be done."""
    work = KeyWork(app)  # many files are read without a process for each
    space, stacks = work.workspace, work.stacks
    rotation = app.timed("planning", lambda: plan_rotation(space, stacks, names, sealing=RuleSealing(space)))
    if how.push:
        refuse_push(rotation, PublishedTree(app.work_tree, space, deployed=deployed))
    few = [(each.stack, each.secret) for each in rotation.turned] if len(rotation.stacks) == 1 else []
    tell_consequences(app, rotation, ages_of(app, few))
    if not how.dry_run and not app.confirm(question(rotation)):
        raise RefusedError("not done: nothing was changed", hint="--dry-run shows the plan")
    code = carry_out(app, rotation.plan, how, nothing="There is no managed secret here.", stacks=stacks)
    done = not how.dry_run
    steps = remaining(space, rotation, committed=how.commit and done, pushed=how.push and done)
    tell_remaining(app, steps, done=done)
    return code


def tell_consequences(app: App, rotation: Rotation, ages: AgeTable) -> None:
    """Tell of each secret how old it is, where it stands, what happens, who notices, for how long."""
    app.output.put("rotation", [_as_json(each) for each in rotation.turned])
    alike: dict[tuple[str, object], list[Turned]] = {}
    for each in rotation.turned:
        alike.setdefault((each.secret.name, each.effects), []).append(each)
    for turned in alike.values():
        first = turned[0]
        age = ages.get((first.stack.directory, first.secret.name))
        changed = f"last changed {human_age(age, datetime.now(UTC))}" if age is not None and age.since else ""
        title = " · ".join(part for part in (first.secret.name, changed, _where(turned)) if part)
        effects = first.effects
        by_hand = "" if effects.by_itself else " (not by itself: the stack has no digests)"
        rows = [("what happens", effects.happens)]
        if len(turned) == 1:
            rows += [("where", str(location.place)) for location in first.secret.locations]
        rows += [("what restarts", (", ".join(effects.restarts) or "nothing") + by_hand)]
        rows += [("who notices", effects.notices), ("for how long", effects.lasts), ("read more", effects.docs)]
        app.output.rows([Row((f"  {label}", text)) for label, text in rows if text], title)


def tell_remaining(app: App, steps_of: Mapping[str, Sequence[str]], *, done: bool) -> None:
    """Tell what has to be done by hand, in order; not ``done``: what would have to be."""
    app.output.put("remaining", [{"stack": stack, "steps": list(steps)} for stack, steps in steps_of.items()])
    shown = list(steps_of.items())
    for stack, steps in shown if len(shown) <= _EACH else shown[:1]:
        of = f" of {stack}" if len(shown) > 1 else ""
        title = f"{'Only the files are changed. What remains' if done else 'What would remain'}{of}, in this order:"
        app.output.rows([Row((f"{number}. {step}",), Mark.WARNING) for number, step in enumerate(steps, 1)], title)
    if len(shown) > _EACH:
        app.output.rows([Row((f"the same for the {len(shown) - 1} other stacks: --json lists it",), Mark.WARNING)])


def question(rotation: Rotation) -> str:
    """Say what is at stake."""
    names = list(dict.fromkeys(each.secret.name for each in rotation.turned))
    count = len(rotation.turned)
    what = names[0] if count == 1 else f"{count} secrets"
    stacks = [stack.label for stack in rotation.stacks]
    where = stacks[0] if len(stacks) == 1 else f"{len(stacks)} stacks"
    return f"New values for {what} in the files of {where}? The old ones are then in the Git history only."


def _where(turned: Sequence[Turned]) -> str:
    places = [location for each in turned for location in each.secret.locations]
    files = len({location.file for location in places})
    count = f"{len(places)} place{'s' if len(places) > 1 else ''} in {files} file{'s' if files > 1 else ''}"
    return count if len(turned) == 1 else f"{len(turned)} stacks · {count}"


def _as_json(each: Turned) -> dict[str, object]:
    effects = each.effects
    places = [
        {"file": place.file, "document": place.document, "path": path_text(place)}
        for place in (location.place for location in each.secret.locations)
    ]
    head = {"name": each.secret.name, "stack": each.stack.label, "places": places, "happens": effects.happens}
    body = {"restarts": list(effects.restarts), "by_itself": effects.by_itself, "notices": effects.notices}
    return {**head, **body, "lasts": effects.lasts, "docs": effects.docs, "in_database": each.in_database}
