"""``completion``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(app: App, *, shell: str) -> None:
    r"""Print the completion script for your shell.

    \b
    bash   eval "$(matrix-secrets completion bash)"             in ~/.bashrc
    zsh    eval "$(matrix-secrets completion zsh)"              in ~/.zshrc, after compinit
    fish   matrix-secrets completion fish > ~/.config/fish/completions/matrix-secrets.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class  # noqa: PLC0415  only here

    from matrix_secrets.cli.root import COMPLETE, NAME, make_root  # noqa: PLC0415  root imports the commands' base

    made = get_completion_class(shell)
    if made is None:
        message = f"click has no completion for {shell}"
        raise AssertionError(message)
    app.output.put("shell", shell)
    # Not bash's own source(), which starts a bash, with all of the environment, to ask for its version.
    app.output.data("script", ShellComplete.source(made(make_root(), {}, NAME, COMPLETE)))
