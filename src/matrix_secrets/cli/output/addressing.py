"""Commands that messages name, addressed as the user addressed this one: -C, --stack and --all-stacks go with them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from matrix_secrets.cli.registry import REPOSITORY, STACKS, names

if TYPE_CHECKING:
    from matrix_secrets.cli.settings import Settings

Addressed: TypeAlias = Callable[[str], str]


def addressed(settings: Settings) -> Addressed:
    """Return what puts the options into the commands of a text, behind the command's name."""
    repository = "" if str(settings.start) == "." else f" -C {shlex.quote(str(settings.start))}"
    stacks = "".join(f" --stack {shlex.quote(name)}" for name in settings.stacks)
    chosen = " --all-stacks" if settings.all_stacks else stacks
    if not repository and not chosen:
        return unaddressed

    on_stacks, on_files = _naming(STACKS), _naming(REPOSITORY)

    def address(text: str) -> str:
        here = repository if "--stack " in text or "--all-stacks" in text else repository + chosen
        text = on_stacks.sub(lambda found: found[0] + here, text)
        return on_files.sub(lambda found: found[0] + repository, text)

    return address


def unaddressed(text: str) -> str:
    """Return the text as it is: the command was given no address."""
    return text


def _naming(on: str) -> re.Pattern[str]:
    """Find the commands that work on something by their names; a question for help needs no address."""
    return re.compile(rf"\bmatrix-secrets (?:{'|'.join(map(re.escape, names(on)))})\b(?! --help)")
