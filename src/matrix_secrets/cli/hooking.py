"""What the hooks say, and what installing them shows."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.errors import BadManifestError
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.builtinfirst import BuiltinFirst

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.cli.context import App
    from matrix_secrets.operations.hook_examine import Examined
    from matrix_secrets.operations.hook_install import HookPlan
    from matrix_secrets.sops.engine import Engine


def hook_engine(app: App) -> Callable[[], Engine]:
    """Return what reads in process, with the identities that need no passphrase: nobody is there to answer."""
    engine = BuiltinFirst(BuiltinEngine(app.identities), lambda: app.engine)
    return lambda: engine


def told(app: App, found: Examined, what: str) -> int:
    """Write what a hook found. Returns the exit code that lets Git go on, or not."""
    app.output.findings(found.findings)
    app.output.put("not_compared", list(found.not_compared))
    if found.not_compared:
        names = ", ".join(found.not_compared)
        app.output.note(f"matrix-secrets: no identity here opens {names}: the values in there were not looked for")
    if not found.findings:
        return 0
    done = "committed" if what == "commit" else "pushed"
    text = f"nothing was {done}: mend that, then try again (git {what} --no-verify lets it pass)"
    app.output.rows([Row((text,), Mark.BAD)])
    return 1


def driven_files(app: App) -> list[str]:
    """Return the files that the drivers are for: those that are encrypted, and those of the stacks that should be."""
    from matrix_secrets.operations.keys_files import sealed_files  # noqa: PLC0415  not for the hooks

    files: set[str] = set()
    with suppress(BadManifestError):  # a broken manifest is no reason to go without hooks: they tell of it
        files |= {each.file for each in sealed_files(app.workspace, None)}
    with suppress(BadManifestError):
        files = files.union(*(stack.secret_files for stack in app.all_stacks))
    return sorted(files)


def carry_out_hooks(app: App, planned: HookPlan, *, dry_run: bool, nothing: str) -> int:
    """Install or take away, or with --dry-run only show it."""
    from matrix_secrets.operations.hook_install import apply_hooks  # noqa: PLC0415  the same

    if planned.empty:
        app.output.rows([Row((nothing,), Mark.SAME)])
    elif dry_run:
        app.output.rows([], "This would change (--dry-run: nothing was changed):")
        app.output.changes(planned.plan.changes, done=False)
    else:
        apply_hooks(app.work_tree, planned)
        app.output.changes(planned.plan.changes, done=True)
        app.output.next(*planned.plan.next_commands)
    app.output.notes(planned.plan.notes)
    return 0
