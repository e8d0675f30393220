"""``admin create``: asked once, done, and the password shown where only the person at the terminal sees it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cli.passphrases import from_descriptor
from matrix_secrets.errors import RefusedError, UsageError
from matrix_secrets.operations.admin import create_admin, new_password, shared_secret, user_id_of
from matrix_secrets.operations.synapsepod import serving, synapse_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.secretvalue import SecretValue


def create(app: App, name: str, *, reveal: bool, descriptor: int | None, dry_run: bool) -> int:
    """Make an administrator. Raises UsageError where nobody would see the password, OutsideError."""
    if len(app.stacks) != 1:
        raise UsageError("an administrator belongs to one server", hint="say which: --stack DIR")
    (stack,) = app.stacks
    user_id, secret, synapse = user_id_of(stack, name), shared_secret(stack), synapse_of(app.workspace, stack)
    if descriptor is None and not dry_run:
        require_reader(app, reveal=reveal)
    app.output.put("user", user_id)
    app.output.put("cluster", {"context": app.cluster.context, "server": app.cluster.server})
    if dry_run:
        app.output.put("dry_run", value=True)
        what = f"Would register {user_id} with {synapse.label} on {app.cluster.where} (--dry-run: nothing was done)."
        app.output.rows([Row((what,), Mark.SAME)])
        return 0
    password = new_password() if descriptor is None else from_descriptor(descriptor)
    pod = app.timed("looking for Synapse", lambda: serving(app.cluster, synapse))
    if not app.confirm(f"Register {user_id} as administrator with {synapse.label} on {app.cluster.where}?"):
        raise RefusedError("not done: nothing was changed")
    account = app.timed("registering", lambda: create_admin(app.cluster, synapse, pod, user_id, password, secret))
    app.output.put("created", account.created)
    if not account.created:
        app.output.rows([Row((f"{user_id} exists already: nothing was changed, the password neither",), Mark.SAME)])
        return 0
    app.output.rows([Row((f"{account.user_id} is an administrator",), Mark.DONE)])
    if descriptor is None:
        show_once(app, account.user_id, password)
    return 0


def require_reader(app: App, *, reveal: bool) -> None:
    """Make sure that somebody will read a new password. Raises UsageError."""
    if not reveal and (app.settings.json or not sys.stdout.isatty()):
        raise UsageError(
            "nobody would see the new password: stdout is no terminal",
            hint="run it in a terminal; or --reveal, which prints it there all the same; or --password-fd 3 3<FILE",
        )


def show_once(app: App, user_id: str, password: SecretValue) -> None:
    """Print a new password, which stands nowhere else."""
    app.output.note(f"! The password of {user_id}, shown this once and kept nowhere; mind the screen's scrollback:")
    app.output.data("password", f"{password.reveal()}" + ("" if app.settings.json else "\n"))


def show_each_once(app: App, given: Sequence[tuple[str, str, SecretValue]]) -> None:
    """Print the last of several new passwords, each with its stack and user; programs get them as one list."""
    stack, user_id, password = given[-1]
    if not app.settings.json:
        return show_once(app, f"{user_id} ({stack})", password)
    return app.output.put(
        "passwords", [{"stack": where, "user": user, "password": each.reveal()} for where, user, each in given]
    )
