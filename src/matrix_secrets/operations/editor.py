"""The user's editor: which one, and how it is run."""

from __future__ import annotations

import shlex
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import OutsideError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_EDITORS: Final = ("SOPS_EDITOR", "VISUAL", "EDITOR")


def editor_command(env: Mapping[str, str]) -> list[str]:
    """The editor: $SOPS_EDITOR, $VISUAL, $EDITOR, else vi, split as a shell would. Raises RefusedError."""
    command = next((env[name] for name in _EDITORS if env.get(name)), "vi")
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise RefusedError("the editor's command line cannot be read", hint="export EDITOR=vi")
    return words


def run_editor(command: Sequence[str], env: Mapping[str, str]) -> None:
    """Run an editor to its end, without the private key that may stand in the environment.

    Raises OutsideError where it fails, KeyboardInterrupt where Ctrl-C ended it.
    """
    without_key = {name: value for name, value in env.items() if name != "SOPS_AGE_KEY"}
    try:
        with _own_interrupts():
            code = subprocess.run(command, check=False, env=without_key).returncode  # noqa: S603  the user's own editor
    except OSError as error:
        raise OutsideError(
            f"the editor {command[0]} cannot be started: {error.strerror}", hint="export EDITOR=vi"
        ) from None
    if code == -signal.SIGINT:
        raise KeyboardInterrupt
    if code != 0:
        how = f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"
        raise OutsideError(
            f"the editor {command[0]} {how}; nothing was changed",
            hint="export EDITOR to an editor that works here, then run the command again",
        )


@contextmanager
def _own_interrupts() -> Iterator[None]:
    """Leave Ctrl-C to the editor, in which it is a key like others: it reaches every process of the terminal."""
    before = signal.signal(signal.SIGINT, lambda *_: None)  # a handler: what is ignored, the editor would ignore, too
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
