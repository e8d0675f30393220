"""The options that all commands share, accepted before and after the command, and those of the mutating ones."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from matrix_secrets import __version__
from matrix_secrets.cli import completing
from matrix_secrets.cli.settings import ENV_PREFIX, stored
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.operations.publishing import Publication


class GlobalOption(click.Option):
    """An option of every command. What is given after the command wins over what stands before it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  click's
        kwargs.update(expose_value=False, callback=kwargs.get("callback", _store))
        super().__init__(*args, **kwargs)


def _store(ctx: click.Context, option: click.Parameter, value: Any) -> None:  # noqa: ANN401  whatever the option holds
    given = ctx.get_parameter_source(option.name or "") in {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}
    if not given or option.name is None:
        return
    store = stored(ctx.meta)
    if option.multiple if isinstance(option, click.Option) else False:
        value = (*store.get(option.name, ()), *value)
    store[option.name] = value


def _print_version(ctx: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001  click's signature
    if value and not ctx.resilient_parsing:
        click.echo(f"matrix-secrets {__version__}")
        ctx.exit()


# Name and attributes of each; the environment variable is the long name's.
_GLOBAL: Final[tuple[tuple[tuple[str, ...], dict[str, Any]], ...]] = (
    (("-C", "--repo"), {"metavar": "DIR", "type": click.Path(file_okay=False), "help": "Run as if started in DIR."}),
    (
        ("--stack", "stacks"),
        {
            "metavar": "DIR",
            "multiple": True,
            "type": click.Path(),
            "shell_complete": completing.stack_directories,
            "help": "Only this stack; may be repeated.",
        },
    ),
    (("--all-stacks",), {"is_flag": True, "help": "Every stack of the repository."}),
    (
        ("--engine",),
        {
            "type": click.Choice(["auto", "binary", "builtin"]),
            "help": "What does SOPS: the sops command, or this program itself. "
            "auto: the command when it is on PATH, else builtin.",
        },
    ),
    (("--context",), {"metavar": "NAME", "help": "The Kubernetes context."}),
    (("--json",), {"is_flag": True, "help": "One JSON object on stdout, on every exit."}),
    (("-q", "--quiet"), {"is_flag": True, "help": "Only errors."}),
    (("-v", "--verbose"), {"is_flag": True, "help": "More: engine, identities, files, times."}),
    (("-y", "--yes"), {"is_flag": True, "help": "Answer every question with yes."}),
    (("--no-color",), {"is_flag": True, "help": "No colour; NO_COLOR does the same."}),
)


def global_params(*, environment: bool) -> list[click.Parameter]:
    """Make the global options for one command; only the outermost one reads the environment."""
    params: list[click.Parameter] = []
    for names, attributes in _GLOBAL:
        extra: dict[str, Any] = {}
        if environment:
            long = next(name for name in names if name.startswith("--"))
            extra = {"envvar": ENV_PREFIX + long[2:].replace("-", "_").upper(), "show_envvar": True}
        params.append(GlobalOption(list(names), **attributes, **extra))
    version = {"is_flag": True, "is_eager": True, "callback": _print_version, "help": "Print the version."}
    return [*params, GlobalOption(["--version"], **version)]


@dataclass(frozen=True, slots=True)
class How:
    """What a mutating command does with its plan."""

    dry_run: bool
    commit: bool
    push: bool
    allow_plaintext: bool
    assume_decryption: bool

    @property
    def publication(self) -> Publication:
        """What is asked of Git."""
        from matrix_secrets.operations.publishing import Publication  # noqa: PLC0415  GitPython: 0.1 s

        return Publication(self.push, self.allow_plaintext, self.assume_decryption)


def mutating(function: Callable[..., int]) -> Callable[..., int]:
    """Add --dry-run, --commit, --push and what those may take; the command gets them as ``how``."""

    @click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
    @click.option("--commit", is_flag=True, help="Commit what changed, and only that.")
    @click.option("--push", is_flag=True, help="Push the commit, too (implies --commit).")
    @click.option(
        "--allow-plaintext",
        is_flag=True,
        help="Let --commit take a secret in plain text, which a private repository may permit.",
    )
    @click.option(
        "--assume-decryption",
        is_flag=True,
        help="Let --push take ciphertext to a stack although its owner upstream has no spec.decryption.",
    )
    @functools.wraps(function)
    def with_how(*args: object, **kwargs: object) -> int:
        given = {name: bool(kwargs.pop(name)) for name in How.__slots__}
        given["commit"] = given["commit"] or given["push"]
        return function(*args, how=How(**given), **kwargs)

    return with_how


def deployment(function: Callable[..., int]) -> Callable[..., int]:
    """Add --deployed and --fresh, for what Git alone cannot tell; the command gets ``deployed``, None for neither."""
    return click.option(
        "--deployed/--fresh",
        default=None,
        help="Whether the stack runs in a cluster. Without it, what was pushed counts as deployed.",
    )(function)
