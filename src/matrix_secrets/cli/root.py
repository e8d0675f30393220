"""The root command, and a run of it from arguments to exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from matrix_secrets.cli.command import CONTEXT_SETTINGS, LazyGroup, load
from matrix_secrets.cli.failure import BugError, explained, frames
from matrix_secrets.cli.options import global_params
from matrix_secrets.cli.registry import COMMANDS, STATUS
from matrix_secrets.cli.session import Session, silence

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "matrix-secrets"
COMPLETE: Final = "_MATRIX_SECRETS_COMPLETE"
_HELP: Final = """Look after the secrets of a Matrix stack in a Flux repository.

Without a command: where the repository stands, and the next command. Every command is safe to repeat.
Exit codes: 0 done or clean, 1 findings, 2 usage, 3 refused or bad input (nothing changed), 4 an outside
system failed, 5 a bug, 130 interrupted."""


def make_root() -> LazyGroup:
    """Make the root command."""

    @click.pass_context
    def without_command(ctx: click.Context) -> int | None:
        if ctx.invoked_subcommand is None:
            result: int | None = ctx.invoke(load(STATUS.target))
            return result
        return None

    return LazyGroup(
        NAME,
        entries=COMMANDS,
        callback=without_command,
        invoke_without_command=True,
        params=global_params(environment=True),
        help=_HELP,
        context_settings=CONTEXT_SETTINGS,
    )


def run_command(argv: list[str], env: Mapping[str, str]) -> int:
    """Run a command line, catching everything: the only place that does."""
    root = make_root()
    if instruction := env.get(COMPLETE):
        from click.shell_completion import shell_complete  # noqa: PLC0415  only where a shell asks

        return shell_complete(root, {}, NAME, COMPLETE, instruction)
    session = Session(argv, env)
    try:
        code = _invoke(root, argv, session)
        session.close(code)
    except BrokenPipeError:
        silence(sys.stdout)
        return 0
    except OSError as error:  # stdout itself: a full disk
        told = explained(error)
        sys.stderr.write(f"error: {told}\n")
        return told.exit_code
    return code


def _invoke(root: LazyGroup, argv: list[str], session: Session) -> int:
    try:
        with session.reserved_stdout(), root.make_context(NAME, argv, obj=session) as ctx:
            return root.invoke(ctx) or 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  the one place
        told = explained(error)
        if isinstance(told, BugError):
            session.output.note(frames(error).rstrip())
        session.output.failed(told)
        return told.exit_code
