"""The options of ``keys remove`` about the values that the leaver knows."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from matrix_secrets.cli.duration import seconds
from matrix_secrets.cli.options import deployment
from matrix_secrets.errors import UsageError
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Ways:
    """How they are replaced. ``offline``: in the files only, of stacks that run in a cluster, too.

    ``deployed`` is what the user says of the stacks, None for nothing; ``patience`` is in seconds, for each wait.
    """

    offline: bool
    deployed: bool | None
    patience: float


def renewing(function: Callable[..., int]) -> Callable[..., int]:
    """Add --rotate and what goes with it; the command gets ``ways``, None without --rotate."""

    @click.option("--rotate", is_flag=True, help="Replace what they know and is still in use, in every stack.")
    @click.option("--offline", is_flag=True, help="With --rotate: in the files only, and say what remains to be done.")
    @click.option(
        "--timeout",
        metavar="T",
        callback=seconds,
        default="10m",
        show_default=True,
        help="With --rotate: how long each wait may take.",
    )
    @deployment
    @functools.wraps(function)
    def with_ways(
        *args: Any,  # noqa: ANN401  click's
        rotate: bool,
        offline: bool,
        timeout: float,
        deployed: bool | None,
        **kwargs: Any,  # noqa: ANN401
    ) -> int:
        if not rotate and (offline or deployed is not None):
            option = "--offline" if offline else "--deployed" if deployed else "--fresh"
            raise UsageError(f"{option} goes with --rotate", hint=f"leave {option} out, or add --rotate")
        return function(*args, ways=Ways(offline, deployed, timeout) if rotate else None, **kwargs)

    return with_ways
