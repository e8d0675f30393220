"""Commands that messages name, addressed as the user addressed this one: -C, --stack and --all-stacks go with them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from matrix_secrets.cli.settings import Settings

Addressed: TypeAlias = Callable[[str], str]

# What works on stacks, and what on the repository only; a question for help needs neither.
_ON_STACKS: Final = re.compile(
    r"\bmatrix-secrets (?:configure|doctor|encrypt|generate|rotate|seal|show|up|verify"
    r"|(?:registration|federation|admin|tls|turn) [a-z]+)\b(?! --help)"
)
_ON_FILES: Final = re.compile(
    r"\bmatrix-secrets (?:audit|decrypt|edit|hooks (?:install|uninstall)|keys (?:list|add|remove|sync))\b(?! --help)"
)


def addressed(settings: Settings) -> Addressed:
    """Return what puts the options into the commands of a text, behind the command's name."""
    repository = "" if str(settings.start) == "." else f" -C {shlex.quote(str(settings.start))}"
    stacks = "".join(f" --stack {shlex.quote(name)}" for name in settings.stacks)
    chosen = " --all-stacks" if settings.all_stacks else stacks
    if not repository and not chosen:
        return unaddressed

    def address(text: str) -> str:
        here = repository if "--stack " in text or "--all-stacks" in text else repository + chosen
        text = _ON_STACKS.sub(lambda found: found[0] + here, text)
        return _ON_FILES.sub(lambda found: found[0] + repository, text)

    return address


def unaddressed(text: str) -> str:
    """Return the text as it is: the command was given no address."""
    return text
