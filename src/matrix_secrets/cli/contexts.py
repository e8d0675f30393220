"""``--on DIR=CONTEXT``: which cluster runs which stack, where they are not all on the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from matrix_secrets.cli.settings import ENV_PREFIX
from matrix_secrets.errors import UsageError
from matrix_secrets.records import dataclass

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


def contexts_of(app: App, on: Sequence[str]) -> list[tuple[Stack, str]]:
    """Return each chosen stack with its context, or contexts; empty for the one of --context.

    Raises UsageError for a directory that is not chosen.
    """
    from matrix_secrets.cli.perstack import chosen_stack  # noqa: PLC0415  --help does without

    pairs = [text.partition("=")[::2] for text in on]
    named = [(chosen_stack(app, _OPTION, directory, context).directory, context) for directory, context in pairs]
    return [
        (stack, context)
        for stack in app.stacks
        for context in dict.fromkeys([each for directory, each in named if directory == stack.directory]) or [""]
    ]


def cluster_at(app: App, context: str) -> Connection:
    """Return the cluster of a context, empty for the one of --context. Raises OutsideError where there is none."""
    from matrix_secrets.cluster.connection import connect  # noqa: PLC0415  kubernetes: 0.2 s

    return connect(context) if context else app.cluster


def placed(app: App, on: Sequence[str]) -> list[Placed]:
    """Return each chosen stack with its cluster, or clusters, each connected to once; nothing is sent yet."""
    chosen = contexts_of(app, on)
    clusters = {context: cluster_at(app, context) for context in dict.fromkeys(context for _, context in chosen)}
    return [Placed(stack, clusters[context], named=bool(context)) for stack, context in chosen]


def by_cluster(places: Sequence[Placed]) -> list[tuple[Connection, list[Stack]]]:
    """Return each cluster once, with its stacks."""
    found: dict[str, tuple[Connection, list[Stack]]] = {}
    for each in places:
        found.setdefault(each.cluster.context, (each.cluster, []))[1].append(each.stack)
    return list(found.values())
