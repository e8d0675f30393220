"""A length of time on the command line: ``90``, ``90s``, ``5m``, ``1h``."""

from __future__ import annotations

import re
from typing import Final

import click

_SHAPE: Final = re.compile(r"(\d+)\s*([smh]?)")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(_ctx: click.Context, _option: click.Parameter, value: str) -> float:
    """Read an option as seconds. Raises click's BadParameter for what is no length of time."""
    found = _SHAPE.fullmatch(value.strip())
    if found is None or int(found[1]) == 0:
        raise click.BadParameter(f"{value!r} is no length of time; say 90s, 5m or 1h")
    return float(found[1]) * _SECONDS[found[2]]
