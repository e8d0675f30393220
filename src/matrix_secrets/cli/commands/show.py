"""``show``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.ageing import ages_of
from matrix_secrets.cli.command import command
from matrix_secrets.cli.completing import secret_names
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.places import path_text, shortened
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.stack.model import ValueState

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.operations.show import ShownSecret


@command("show")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=secret_names)
@click.option("--reveal", is_flag=True, help="Print the values, too.")
@click.option("--ages", is_flag=True, help="Say when each value last changed, from the Git history.")
def show(app: App, *, names: tuple[str, ...], reveal: bool, ages: bool) -> None:
    """Show each secret: set, where, and whether all places agree.

    Values are printed with --reveal only. With a NAME, or -v, every place of a secret is listed. An age counts from the
    commit that brought the value, however often it was encrypted anew since.
    """
    from matrix_secrets.operations.show import shown_secrets  # noqa: PLC0415  --help does without
    from matrix_secrets.stack.selection import select_secrets  # noqa: PLC0415  the same

    found = ages_of(app, select_secrets(app.stacks, names)) if ages else None
    rows = shown_secrets(app.stacks, names, found)
    if reveal:
        app.output.note("! --reveal: the values of these secrets are on this screen, and in its scrollback.")
    app.output.put("secrets", [_as_json(row, reveal=reveal) for row in rows])
    for stack in dict.fromkeys(row.stack for row in rows):
        table = [_as_row(row, reveal=reveal, ages=ages) for row in rows if row.stack == stack]
        app.output.rows(table, (stack or ".") if len(app.stacks) > 1 else "")
    if names or app.settings.verbose:
        for row in rows:
            cells = zip(shortened(place.place for place in row.places), row.places, strict=True)
            app.output.rows([Row((text, place.state, _how(place.encrypted))) for text, place in cells], row.name)
    if any(row.state is ValueState.UNREADABLE for row in rows):
        app.output.next("matrix-secrets verify")  # which says why
    elif any(row.agrees is False for row in rows):
        app.output.next("matrix-secrets generate")


def _as_row(row: ShownSecret, *, reveal: bool, ages: bool) -> Row:
    many = "1 place" if len(row.places) == 1 else f"{len(row.places)} places"
    agreement = f"{many} agree" if row.agrees and len(row.places) > 1 else many
    if row.state is ValueState.SET and row.agrees is False:
        agreement = f"{many} do not agree"
    stands = {place.encrypted for place in row.places}
    how = "partly encrypted" if len(stands) > 1 else _how(True in stands)
    files = ", ".join(dict.fromkeys(place.place.file for place in row.places))
    value = (_in_one_line(row.value.reveal()) if row.value is not None else "-",) if reveal else ()
    age = (_age(row),) if ages else ()
    return Row((row.name, *value, row.state, how, *age, agreement, files), _mark(row))


def _age(row: ShownSecret) -> str:
    from matrix_secrets.cli.output.ages import human_age  # noqa: PLC0415  only where ages are asked for

    why = f" ({row.age.why})" if row.age is not None and row.age.known == "unknown" else ""
    return f"{human_age(row.age, datetime.now(UTC))}{why}"


def _in_one_line(value: str) -> str:
    """A value as it is, or, where it would break the line or look like another one, as JSON spells it."""
    plain = value.isprintable() and value == value.strip() and value
    return value if plain else json.dumps(value, ensure_ascii=False)


def _mark(row: ShownSecret) -> Mark:
    if row.agrees and all(place.encrypted for place in row.places):
        return Mark.DONE
    return Mark.BAD if row.agrees is False else Mark.WARNING


def _how(encrypted: bool) -> str:  # noqa: FBT001  one word for one bit
    return "encrypted" if encrypted else "plain text"


def _as_json(row: ShownSecret, *, reveal: bool) -> dict[str, object]:
    places = [
        {
            "file": each.place.file,
            "document": each.place.document,
            "path": path_text(each.place),
            "state": str(each.state),
            "encrypted": each.encrypted,
        }
        for each in row.places
    ]
    changed = row.age.since.isoformat() if row.age is not None and row.age.since is not None else None
    found: dict[str, object] = {
        "name": row.name,
        "stack": row.stack or ".",
        "state": str(row.state),
        "agrees": row.agrees,
    }
    found |= {"set": row.state is ValueState.SET, "last_changed": changed, "places": places}
    found |= {"age": {"known": str(row.age.known), "why": row.age.why}} if row.age is not None else {}
    return found | ({"value": row.value.reveal() if row.value is not None else None} if reveal else {})
