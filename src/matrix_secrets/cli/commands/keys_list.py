"""``keys list``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from matrix_secrets.agekeys.recipient import short
from matrix_secrets.cli.clusterkeys import held_recipients
from matrix_secrets.cli.command import command
from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.operations.keys_holders import Holder

_NAMED: Final = 2  # files; more are counted


@command("list")
@click.option("--live", is_flag=True, help="Ask the cluster, too, which identities it holds.")
def keys_list(app: App, *, live: bool) -> None:
    """List who reads which encrypted files.

    Names come from .sops.yaml: the comment behind a recipient, or its anchor. Nothing is decrypted, and no identity is
    needed. With -v whole recipients and all their files.
    """
    work = KeyWork(app)
    held = held_recipients(app) if live else None
    app.output.put("recipients", [_as_json(holder, held) for holder in work.holders])
    app.output.put("other_keys", {each.file: list(each.metadata.other_keys) for each in work.files})
    if not work.holders:
        app.output.rows([Row(("Nothing is encrypted here, and no rule names a recipient.",), Mark.SAME)])
        app.output.next("matrix-secrets encrypt")
        return
    total = len(work.files)
    app.output.rows([_row(holder, total, held, whole=app.settings.verbose) for holder in work.holders])
    if app.settings.verbose:
        for holder in work.holders:
            app.output.rows([Row((file,)) for file in holder.files], f"{holder.name or short(holder.key)} reads")
    for each in work.files:
        if each.metadata.other_keys:
            kinds = ", ".join(each.metadata.other_keys)
            app.output.rows([Row((each.file, f"other keys, which only sops can use: {kinds}"), Mark.SAME)])
    if any(holder.lacking or holder.surplus for holder in work.holders):
        app.output.next("matrix-secrets keys sync")


def _row(holder: Holder, total: int, held: frozenset[str] | None, *, whole: bool) -> Row:
    reads = f"all {total} files" if len(holder.files) == total > 1 else _files(holder.files)
    remarks = [f"yours, from {holder.source}"] if holder.source else []
    remarks += ["the cluster's"] if holder.is_cluster and held is None else []
    remarks += ["the cluster holds it"] if held is not None and holder.key in held else []
    remarks += ["the cluster's by its name, but it does not hold it"] if _lost(holder, held) else []
    remarks += [f"should read {_files(holder.lacking)}, and cannot"] if holder.lacking else []
    remarks += [f"should not read {_files(holder.surplus)}"] if holder.surplus else []
    remarks += ["in no rule"] if not holder.rules else []
    mark = Mark.WARNING if holder.lacking or holder.surplus or not holder.rules else Mark.DONE
    key = holder.key if whole else short(holder.key)
    return Row((holder.name or "(no name)", key, f"reads {reads}", "; ".join(remarks)), mark)


def _lost(holder: Holder, held: frozenset[str] | None) -> bool:
    return held is not None and holder.is_cluster and holder.key not in held


def _files(files: tuple[str, ...]) -> str:
    if not files:
        return "no file"
    return ", ".join(files) if len(files) <= _NAMED else f"{len(files)} files"


def _as_json(holder: Holder, held: frozenset[str] | None) -> dict[str, object]:
    return {
        "recipient": holder.key,
        "name": holder.name or None,
        "yours": holder.source is not None,
        "cluster": holder.is_cluster if held is None else holder.key in held,
        "rules": list(holder.rules),
        "files": list(holder.files),
        "lacking": list(holder.lacking),
        "surplus": list(holder.surplus),
    }
