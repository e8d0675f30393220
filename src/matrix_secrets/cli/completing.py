"""Completion of what depends on the repository: stacks, secrets. Quick, silent, and without any key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from matrix_secrets.cli.settings import stored

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from matrix_secrets.stack.model import Stack


def stack_directories(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the directories of the repository's stacks."""
    return _matching(ctx, incomplete, lambda stack: [stack.directory])


def secret_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return NAMEs of managed secrets, in lower case as they are typed."""
    wanted = incomplete.lower()
    return _matching(ctx, wanted, lambda stack: [secret.name.lower() for secret in stack.managed])


def _matching(ctx: click.Context, incomplete: str, names: Callable[[Stack], list[str]]) -> list[str]:
    found = {name for stack in _stacks(ctx) for name in names(stack)}
    return sorted(name for name in found if name.startswith(incomplete))


def _stacks(ctx: click.Context) -> list[Stack]:
    from pathlib import Path  # noqa: PLC0415  only where a shell asks

    from matrix_secrets.errors import MatrixSecretsError, NoIdentityError  # noqa: PLC0415
    from matrix_secrets.gitrepo.locate import find_work_tree  # noqa: PLC0415
    from matrix_secrets.stack.discovery import find_stacks  # noqa: PLC0415
    from matrix_secrets.stack.workspace import Workspace  # noqa: PLC0415

    def no_engine() -> NoReturn:
        raise NoIdentityError("keys are not looked for on a key stroke")

    try:
        tree = find_work_tree(Path(stored(ctx.meta).get("repo") or "."))
        return find_stacks(Workspace(tree.root, tree.git_dir, no_engine))
    except (MatrixSecretsError, OSError):
        return []
