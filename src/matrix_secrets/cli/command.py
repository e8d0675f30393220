"""Click commands that take the global options, and groups that load a command when it is called."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

import click

from matrix_secrets.cli.options import GlobalOption, global_params
from matrix_secrets.cli.registry import Entry, GroupEntry
from matrix_secrets.cli.settings import Settings, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matrix_secrets.cli.context import App

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Write a command's own options first, then the ones of every command."""
    own: list[tuple[str, str]] = []
    shared: list[tuple[str, str]] = []
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is not None and record[1]:  # an argument has nothing to say that the usage line does not
            (shared if isinstance(param, GlobalOption) else own).append(record)
    for title, records in (("Options", own), ("Options of every command", shared)):
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


def _tell_session(ctx: click.Context) -> None:
    """Let the session know which command this is, before anything can fail."""
    session = ctx.find_root().obj
    if session is not None:
        session.command = ctx.command_path.partition(" ")[2]


class Command(click.Command):
    """A command whose help names its own options first."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments."""
        _tell_session(ctx)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in two sections."""
        _write_options(self, ctx, formatter)


class LazyGroup(click.Group):
    """A group that knows its commands from the registry and imports one when it is called."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry | GroupEntry], **kwargs: Any) -> None:  # noqa: ANN401  click's
        super().__init__(*args, **kwargs)
        self.entries = entries

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments."""
        _tell_session(ctx)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the registry's order, which is that of the work."""
        del ctx
        return [name for name, entry in self.entries.items() if not _is_hidden(entry)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None where there is none."""
        del ctx
        match self.entries.get(cmd_name):
            case Entry(target=target):
                return load(target)
            case GroupEntry(help=text, commands=commands):
                params = global_params(environment=False)
                return LazyGroup(
                    cmd_name,
                    entries=commands,
                    params=params,
                    help=text,
                    no_args_is_help=False,
                    context_settings=CONTEXT_SETTINGS,
                )
            case None:
                return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown name is told with the one that may have been meant."""
        name = args[0]
        if name not in self.entries and not name.startswith("-") and not ctx.resilient_parsing:
            import difflib  # noqa: PLC0415  only for a mistake

            close = difflib.get_close_matches(name, self.entries, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            ctx.fail(f"There is no command {name!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.entries[name].help) for name in self.list_commands(ctx)])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands before the options: they are what is looked for."""
        self.format_commands(ctx, formatter)
        _write_options(self, ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Complete names with the registry's help, importing nothing."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  only where a shell asks

        names = [CompletionItem(name, help=self.entries[name].help) for name in self.list_commands(ctx)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [item for item in names if item.value.startswith(incomplete)] + options


def _is_hidden(entry: Entry | GroupEntry) -> bool:
    return isinstance(entry, Entry) and entry.hidden


def load(target: str) -> click.Command:
    """Import ``module:attribute``."""
    module, _, attribute = target.partition(":")
    loaded = getattr(importlib.import_module(module), attribute)
    if not isinstance(loaded, click.Command):
        message = f"{target} is no command"
        raise TypeError(message)
    return loaded


def command(name: str) -> Callable[[Callable[..., int | None]], click.Command]:
    """Make a function a command: it gets the `App` first and returns its exit code, None for 0."""

    def decorate(function: Callable[..., int | None]) -> click.Command:
        @functools.wraps(function)
        @click.pass_context
        def with_app(ctx: click.Context, /, *args: Any, **kwargs: Any) -> int | None:  # noqa: ANN401  the command's own
            name_in_full = ctx.command_path.partition(" ")[2] or name
            app: App = ctx.find_root().obj.app(Settings.of(stored(ctx.meta)), name_in_full)
            try:
                return function(app, *args, **kwargs)
            finally:
                app.finish()

        made = click.command(name, cls=Command, context_settings=CONTEXT_SETTINGS)(with_app)
        made.params.extend(global_params(environment=False))
        return made

    return decorate
