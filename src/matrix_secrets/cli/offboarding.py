"""What off-boarding shows: the attack that failed, what the leaver knows, and what no key can end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.places import path_text
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.operations.keys_history import Exposed, History, read_by
from matrix_secrets.operations.keys_remove import NOT_ENDED
from matrix_secrets.operations.keys_values import Holding, held_values
from matrix_secrets.operations.replacement import replacing
from matrix_secrets.stack.consumption import DIGEST_KEY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.keywork import KeyWork
    from matrix_secrets.errors import Place
    from matrix_secrets.operations.keys_renewal import Renewal
    from matrix_secrets.operations.rotation.model import Turned
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
            work.builtin,
            told,
        ),
    )
    return holding, history


def tell(
    app: App,
    who: str,
    recipient: str,
    grafts: Mapping[str, Graft],
    known: tuple[Holding, History],
    renewal: Renewal | None = None,
    *,
    done: bool = True,
) -> None:
    """Write the report, and put it into the JSON object. ``renewal``: what of it is replaced, or would be.

    ``recipient`` is one of those who leave, by key.
    """
    holding, history = known
    _tell_grafts(app, grafts)
    app.output.put("known", [exposed_as_json(each) for each in history.exposed])
    left = history.exposed
    if renewal is not None:
        left = renewal.left(left)
        app.output.put("rotated", [rotated_as_json(each) for each in renewal.here.turned])
        app.output.put("left", [exposed_as_json(each) for each in left])
        tell_replaced(app, who, renewal.here.turned, done=done)
    if history.exposed:
        again = f"matrix-secrets keys remove {recipient} --rotate"
        _tell_left(app, f"Known to {who} and still in use", again, left, by_hand=renewal is not None)
    else:
        text = (
            f"nothing that is in use was found in the {history.looked_at} versions of the history that {who} could read"
        )
        app.output.rows([Row((text + ("" if renewal is None else "; nothing to replace"),), Mark.DONE)])
    _tell_not_compared(app, who, holding, history)
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


def tell_replaced(app: App, who: str, turned: Sequence[Turned], *, done: bool = True) -> None:
    """Tell which values are new, or would be."""
    names = list(dict.fromkeys(each.secret.name for each in turned))
    if names:
        count = len(turned)
        what = f"{count} value{'' if count == 1 else 's'} that {who} could read"
        how = f"{'is' if count == 1 else 'are'} replaced" if done else "would be replaced"
        mark = Mark.DONE if done else Mark.SAME
        app.output.rows([Row((f"{what} {how}: {', '.join(names)}",), mark)])


def _tell_left(app: App, still: str, again: str, left: Sequence[Exposed], *, by_hand: bool) -> None:
    """Tell what stays in use, first what a rotation can replace; ``again`` is what replaces the digest key."""
    managed = [each for each in left if each.held.managed and not by_hand]
    own = [each for each in left if each.held.name == DIGEST_KEY]
    others = [each for each in left if each not in managed and each not in own]
    for group, title in (
        (managed, f"{still}; matrix-secrets rotate replaces them:"),
        (others, f"{still}; replace each where it comes from, then here with matrix-secrets edit FILE:"),
        (own, f"{still}, this program's own: no value can be read with it; keys remove --rotate replaces it, too:"),
    ):
        if group:
            app.output.rows([row for each in group for row in _exposed_rows(each)], title)
    commands = replacing([each.held for each in managed])
    if len(commands) > _EACH:
        text = f"of {len(commands) - _EACH} more stacks, too: --json lists them all"
        app.output.rows([Row((text,), Mark.WARNING)])
    app.output.next(*commands[:_EACH], *([again] if own else []))


def _tell_not_compared(app: App, who: str, holding: Holding, history: History) -> None:
    closed = [f"{file} ({version})" for file, version in history.closed]
    app.output.put("not_compared", [*(file for file, _ in holding.locked), *closed])
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
    how = "in plain text in" if each.plain else "by an older data key in" if each.by_data_key else "in"
    since = f"{each.file} since {each.seen.commit} of {each.seen.date}" if each.seen else each.file
    first, *others = each.held.places
    rows = [Row((each.held.name, str(first), f"read {how} {since}"), Mark.WARNING)]
    return [*rows, *(Row(("", str(place), ""), Mark.WARNING) for place in others)]


def rotated_as_json(turned: Turned) -> dict[str, object]:
    """Make the object of one secret that was replaced."""
    places = _places_as_json(location.place for location in turned.secret.locations)
    return {"name": turned.secret.name, "stack": turned.stack.label, "places": places}


def exposed_as_json(each: Exposed) -> dict[str, object]:
    """Make the object of a value that is known."""
    seen = {"commit": each.seen.commit, "date": each.seen.date} if each.seen else None
    found = {"name": each.held.name, "managed": each.held.managed, "places": _places_as_json(each.held.places)}
    return {**found, "read_in": each.file, "plain": each.plain, "by_data_key": each.by_data_key, "since": seen}


def _places_as_json(places: Iterable[Place]) -> list[dict[str, str]]:
    return [{"file": place.file, "document": place.document, "path": path_text(place)} for place in places]
