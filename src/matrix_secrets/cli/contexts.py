"""``--on DIR=CONTEXT``: which cluster runs which stack, where they are not all on the same one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from matrix_secrets.cli.settings import ENV_PREFIX
from matrix_secrets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.stack.model import Stack

_OPTION: Final = "--on"


@dataclass(frozen=True, slots=True)
class Placed:
    """A stack on a cluster. ``named``: by --on, so that commands for it have to name the context, too."""

    stack: Stack
    cluster: Connection
    named: bool = False


def placing(function: Callable[..., int]) -> Callable[..., int]:
    """Add --on; the command gets it as ``on``."""
    return click.option(
        _OPTION,
        metavar="DIR=CONTEXT",
        multiple=True,
        envvar=f"{ENV_PREFIX}ON",
        show_envvar=True,
        help="The Kubernetes context of this stack; may be repeated. Without it: --context.",
    )(function)


def choose_named(app: App, on: Sequence[str]) -> None:
    """Let --on choose the stacks, too, where nothing else does. Raises UsageError for what is not DIR=CONTEXT."""
    for text in on:
        if "=" not in text:
            raise UsageError(f"{_OPTION} takes DIR=CONTEXT, not {text}", hint="one context for all: --context NAME")
    if on and not app.settings.stacks and not app.settings.all_stacks:
        app.settings = app.settings._replace(stacks=tuple(dict.fromkeys(text.partition("=")[0] for text in on)))


def placed(app: App, on: Sequence[str]) -> list[Placed]:
    """Return each chosen stack with its cluster, or clusters; nothing is sent yet.

    Raises UsageError for a directory that is not chosen, OutsideError where a kubeconfig has no such context.
    """
    from matrix_secrets.cli.perstack import chosen_stack  # noqa: PLC0415  --help does without
    from matrix_secrets.cluster.connection import connect  # noqa: PLC0415  kubernetes: 0.2 s

    by_context: dict[str, Connection] = {}
    found: dict[tuple[str, str], Placed] = {}
    for text in on:
        directory, _, context = text.partition("=")
        stack = chosen_stack(app, _OPTION, directory, context)
        if context not in by_context:
            by_context[context] = connect(context)
        found[stack.directory, context] = Placed(stack, by_context[context], named=True)
    for stack in app.stacks:
        if not any(directory == stack.directory for directory, _ in found):
            context = app.cluster.context
            found[stack.directory, context] = Placed(stack, by_context.get(context, app.cluster))
    order = [stack.directory for stack in app.stacks]
    return sorted(found.values(), key=lambda each: order.index(each.stack.directory))
