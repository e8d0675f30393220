"""What off-boarding shows: the attack that failed, what the leaver knows, and what no key can end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.places import path_text
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.operations.keys_history import Exposed, History, read_by
from matrix_secrets.operations.keys_remove import NOT_ENDED
from matrix_secrets.operations.keys_values import Holding, held_values

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.keywork import KeyWork
    from matrix_secrets.sops.graft import Graft

_EACH: Final = 5  # files; of more the proof is told in one line


def what_they_know(app: App, work: KeyWork, keys: Collection[str]) -> tuple[Holding, History]:
    """Compare today's values with all that the holders of these keys could ever read here."""
    with app.output.working("reading today's values"):
        holding = held_values(work.workspace, work.all_stacks, [each.file for each in work.files])
    history = work.counted(
        "looking through the history: version",
        lambda told: read_by(
            app.work_tree,
            keys,
            work.files,
            holding.values,
            lambda text, file: work.builtin.decrypt(text, file=file),
            told,
        ),
    )
    return holding, history


def tell(app: App, who: str, grafts: Mapping[str, Graft], known: tuple[Holding, History]) -> None:
    """Write the report, and put it into the JSON object."""
    _tell_grafts(app, grafts)
    _tell_known(app, who, *known)
    app.output.put("not_ended", list(NOT_ENDED))
    app.output.rows([Row((text,), Mark.WARNING) for text in NOT_ENDED], "What no change of keys ends; end it yourself:")


def _tell_grafts(app: App, grafts: Mapping[str, Graft]) -> None:
    app.output.put(
        "attack",
        [
            {"file": file, "tried": each.tried, "ciphertexts": each.new, "opened": each.opened}
            for file, each in grafts.items()
        ],
    )
    if not grafts:
        return
    tried = [each for each in grafts.values() if each.tried]
    rows = [_graft_row(file, each) for file, each in grafts.items() if len(grafts) <= _EACH or not each.failed]
    if len(grafts) > _EACH:
        old, new, opened = (sum(getattr(each, name) for each in tried) for name in ("old", "new", "opened"))
        text = f"opened {old} ciphertexts of the old files, {opened} of {new} in the new ones"
        rows.append(Row((f"{len(tried)} files", text), Mark.BAD if opened else Mark.DONE))
    app.output.rows(rows, "The attack, tried in memory: the old data key, by way of the old block in the new file")


def _graft_row(file: str, each: Graft) -> Row:
    if not each.tried:
        return Row((file, "not tried: only sops opens its data key; the key is new all the same"), Mark.WARNING)
    text = f"opened {each.old} ciphertexts of the old file, {each.opened} of {each.new} in the new one"
    return Row((file, text), Mark.BAD if each.opened else Mark.DONE)


def _tell_known(app: App, who: str, holding: Holding, history: History) -> None:
    app.output.put("known", [_as_json(each) for each in history.exposed])
    closed = [f"{file} ({version})" for file, version in history.closed]
    app.output.put("not_compared", [*(file for file, _ in holding.locked), *closed])
    rows = [row for each in history.exposed for row in _exposed_rows(each)]
    if rows:
        app.output.rows(rows, f"Known to {who} and still in use: replace each, with matrix-secrets edit FILE")
        if any(each.held.name == "POSTGRES_PASSWORD" for each in history.exposed):
            app.output.rows(
                [Row(("POSTGRES_PASSWORD has to be changed in the database, too: ALTER ROLE",), Mark.WARNING)]
            )
    else:
        text = (
            f"nothing that is in use was found in the {history.looked_at} versions of the history that {who} could read"
        )
        app.output.rows([Row((text,), Mark.DONE)])
    for file, why in holding.locked:
        app.output.rows(
            [Row((file, f"does not open, so its values could not be compared: {why.message}"), Mark.WARNING)]
        )
    if closed:
        what = ", ".join(closed[:_EACH]) + (f" and {len(closed) - _EACH} more" if len(closed) > _EACH else "")
        text = f"{who} could read these old versions, and you cannot: what stands in them is not known: {what}"
        app.output.rows([Row((text,), Mark.WARNING)])
    if history.shallow:
        text = "this clone is shallow: what stands in the older history is not known (git fetch --unshallow)"
        app.output.rows([Row((text,), Mark.WARNING)])


def _exposed_rows(each: Exposed) -> list[Row]:
    how = "in plain text in" if each.plain else "in"
    since = f"{each.file} since {each.seen.commit} of {each.seen.date}" if each.seen else each.file
    first, *others = each.held.places
    rows = [Row((each.held.name, str(first), f"read {how} {since}"), Mark.WARNING)]
    return [*rows, *(Row(("", str(place), ""), Mark.WARNING) for place in others)]


def _as_json(each: Exposed) -> dict[str, object]:
    places = [{"file": place.file, "document": place.document, "path": path_text(place)} for place in each.held.places]
    seen = {"commit": each.seen.commit, "date": each.seen.date} if each.seen else None
    found = {"name": each.held.name, "managed": each.held.managed, "places": places}
    return {**found, "read_in": each.file, "plain": each.plain, "since": seen}
