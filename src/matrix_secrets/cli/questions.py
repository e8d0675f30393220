"""Questions to the person at the terminal. The answer is read from stdin, the question goes to stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from matrix_secrets.errors import UsageError
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from collections.abc import Iterator


def possible() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, yes: bool, default: bool = False) -> bool:
    """Ask a yes-or-no question; ``yes`` answers it, no answer is ``default``. Raises UsageError without a terminal."""
    if yes:
        return True
    if not possible():
        raise UsageError(f"this needs an answer and there is no terminal: {question}", hint="add --yes")
    while True:
        sys.stderr.write(f"{question} {'[Y/n]' if default else '[y/N]'} ")
        sys.stderr.flush()
        with _ended_line():
            line = sys.stdin.readline()
            if not line:
                raise KeyboardInterrupt
        match line.strip().lower():
            case "":
                return default
            case "y" | "yes":
                return True
            case "n" | "no":
                return False
            case _:
                sys.stderr.write("Please answer y or n.\n")


def answer(question: str, default: str | None, hint: str) -> str:
    """Ask for a text; no answer is ``default``. Raises UsageError without a terminal, with ``hint``."""
    if not possible():
        raise UsageError(f"this needs an answer and there is no terminal: {question}", hint=hint)
    while True:
        sys.stderr.write(f"{question}{f' [{default}]' if default else ''}: ")
        sys.stderr.flush()
        with _ended_line():
            line = sys.stdin.readline()
            if not line:
                raise KeyboardInterrupt
        if given := line.strip() or default:
            return given


def passphrase(source: str) -> SecretValue | None:
    """Ask for a passphrase, unseen; None where nothing is typed."""
    import getpass  # noqa: PLC0415  rarely needed

    with _ended_line():
        text = getpass.getpass(f"Passphrase of {source}: ", stream=sys.stderr)
    return SecretValue(text) if text else None


@contextmanager
def _ended_line() -> Iterator[None]:
    """Where Ctrl-C answers, what follows begins on a line of its own."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise
