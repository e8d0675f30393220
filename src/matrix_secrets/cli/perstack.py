"""Options that differ from stack to stack: ``DIR=VALUE``, or one value for all where that makes sense."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import UsageError
from matrix_secrets.records import dataclass
from matrix_secrets.stack.discovery import select_stacks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.stack.model import Stack


@dataclass(frozen=True, slots=True)
class PerStack:
    """An option's values by directory; ``everywhere`` is the one for all others."""

    named: Mapping[str, str]
    everywhere: str | None = None

    def of(self, stack: Stack) -> str | None:
        """Return the value for a stack, None where nobody gave one."""
        return self.named.get(stack.directory, self.everywhere)


def per_stack(app: App, option: str, given: Sequence[str], *, shared: bool) -> PerStack:
    """Read an option; ``shared`` says whether a plain value may be for several stacks.

    Raises UsageError where it may not, for two values of one stack, and for a directory that is not one of the stacks.
    """
    named: dict[str, str] = {}
    everywhere: str | None = None
    for text in given:
        directory, equals, value = text.partition("=")
        if not equals:
            if len(app.stacks) > 1 and not shared:
                form = f"{option} {app.stacks[0].label}={text}"
                raise UsageError(f"there are {len(app.stacks)} stacks: whose is {option} {text}?", hint=f"say {form}")
            if everywhere not in {None, text}:
                raise UsageError(f"{option} has two values: {everywhere}, {text}", hint=_form(app, option))
            everywhere = text
            continue
        chosen = chosen_stack(app, option, directory, value)
        if named.setdefault(chosen.directory, value) != value:
            raise UsageError(f"{option} has two values for {chosen.label}", hint="leave one of them out")
    return PerStack(named, everywhere)


def chosen_stack(app: App, option: str, directory: str, value: str) -> Stack:
    """Return the stack that a ``DIR=VALUE`` means. Raises UsageError for one that is not among those chosen."""
    if not directory or not value:
        raise UsageError(f"{option} takes DIR=VALUE, not {directory}={value}", hint=_form(app, option))
    (found,) = select_stacks(app.all_stacks, [app.directory(directory)])
    if found.directory not in {stack.directory for stack in app.stacks}:
        names = ", ".join(stack.label for stack in app.stacks)
        raise UsageError(f"{option} names {found.label}, which this is not about: {names}", hint="--stack chooses")
    return found


def same_name(other: str, stack: Stack, name: str) -> UsageError:
    """Say that two servers of one name would each claim the other's users; ``other`` is a stack's label."""
    return UsageError(
        f"{other} and {stack.label} would both be {name}: a server's name is its own, for ever",
        hint=f"give each another one: --server-name {stack.label}=NAME",
    )


def _form(app: App, option: str) -> str:
    return " ".join(f"{option} {stack.label}=…" for stack in app.stacks)
