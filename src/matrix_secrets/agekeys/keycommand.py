"""Commands that print a key: SOPS_AGE_KEY_CMD and SOPS_AGE_SSH_PRIVATE_KEY_CMD."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

RECIPIENT_VARIABLE: Final = "SOPS_AGE_RECIPIENT"


def run_key_command(variable: str, env: Mapping[str, str], recipient: str) -> bytes:
    """Run the command that ``variable`` holds, as sops does: split like a shell's words, no shell, no input.

    The command is told the recipient that is asked for. Returns what it prints. Raises `RefusedError`, which shows
    neither the command nor its output: either may hold a key.
    """
    import subprocess  # noqa: PLC0415  (rarely needed, and the keys are looked for in every run)

    try:
        words = shlex.split(env[variable])
    except ValueError:
        raise RefusedError(f"the command in {variable} has an unclosed quote") from None
    if not words:
        raise RefusedError(f"{variable} is set, but holds no command", hint=f"unset {variable}")
    child_env = {**env, RECIPIENT_VARIABLE: recipient}
    try:
        done = subprocess.run(  # noqa: S603  (the user's own command, from the user's own environment)
            words, env=child_env, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError as error:
        raise RefusedError(f"the command in {variable} cannot be run: {error.strerror}") from None
    if done.returncode != 0:
        raise RefusedError(f"the command in {variable} failed with exit code {done.returncode}")
    return done.stdout
