"""``keys sync``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.agekeys.recipient import short
from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.cli.offboarding import tell, what_they_know
from matrix_secrets.cli.options import mutating
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.keys_sync import drifted, plan_sync
from matrix_secrets.sops.recipientlists import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("sync")
@mutating
def keys_sync(app: App, *, how: How) -> int:
    """Let the encrypted files follow .sops.yaml, after it was edited or merged.

    Shows who gains and who loses which file, and asks. A file that somebody loses gets a new data key.
    """
    work = KeyWork(app)
    turns = drifted(work.files)
    names = work.names
    losing = {key for turn in turns for key in turn.lose}
    if turns and not how.dry_run:
        rows = [
            Row((turn.sealed.file, _people("gains", turn.gain, names), _people("loses", turn.lose, names)), Mark.SAME)
            for turn in turns
        ]
        app.output.rows(
            rows, f"{app.rules.config_file if app.rules else '.sops.yaml'} says otherwise than these files:"
        )
        if not app.confirm(f"Change who reads {len(turns)} of {len(work.files)} files?"):
            raise RefusedError("not done: nothing was changed", hint="correct .sops.yaml, or answer yes")
    synced = work.counted(
        "file", lambda told: plan_sync(work.workspace, app.rules, work.files, work.rekeying, names, told)
    )
    known = what_they_know(app, work, losing) if losing else None
    stacks = work.all_stacks if how.push else ()
    code = carry_out(
        app, synced.plan, how, nothing="Every file is encrypted for those whom its rule lists.", stacks=stacks
    )
    if known is not None:
        who = ", ".join(names.get(key) or short(key) for key in sorted(losing))
        tell(app, who, min(losing), synced.grafts, known)
    return code


def _people(verb: str, recipients: tuple[str, ...], names: Mapping[str, str]) -> str:
    keys = [key_of(recipient) for recipient in recipients]
    return f"{verb} {', '.join(names.get(key) or short(key) for key in keys)}" if keys else ""
