"""How a drill went, told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.keys_backup import Drill, drill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.agekeys.identity import Identity
    from matrix_secrets.cli.context import App


def drilled(app: App, identities: Sequence[Identity]) -> Drill | None:
    """Open today's files in memory with these identities alone, and say how that went.

    None outside of a repository, and where nothing is encrypted: then there was nothing to try.
    """
    try:
        files = KeyWork(app).files
    except RefusedError as error:
        app.output.note(f"No drill: {error.message}")
        return None
    if not files:
        app.output.note("No drill: nothing is encrypted in this repository yet.")
        return None
    done = app.timed("drill", lambda: drill(files, identities))
    app.output.put("opened", list(done.opened))
    app.output.put("not_opened", [file for file, _ in done.closed])
    mark = Mark.DONE if not done.closed else Mark.WARNING
    rows = [Row((f"drill, in memory: it opens {len(done.opened)} of {len(files)} encrypted files",), mark)]
    rows += [Row((f"{file}: {why}",), Mark.WARNING) for file, why in done.closed]
    app.output.rows(rows)
    return done
