"""The one place that turns any exception into a message and an exit code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import click

from matrix_secrets.errors import MatrixSecretsError, OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

BUG: Final = 5
INTERRUPTED: Final = 130
_PRIVATE_KEY: Final = re.compile(r"AGE-(?:SECRET-KEY|PLUGIN)-[0-9A-Z-]+", re.IGNORECASE)
_REPORT: Final = "please report it with the lines above; they hold no values of yours"


class BugError(MatrixSecretsError):
    """This program did something that it should not (exit 5)."""

    exit_code = BUG
    code = "bug"


class StoppedError(MatrixSecretsError):
    """The user interrupted it (exit 130)."""

    exit_code = INTERRUPTED
    code = "interrupted"


def explained(error: BaseException) -> MatrixSecretsError:
    """Say what an exception means. An unknown one's text is not repeated: it may quote a value."""
    match error:
        case MatrixSecretsError():
            return error
        case click.UsageError():
            path = error.ctx.command_path if error.ctx is not None else "matrix-secrets"
            return UsageError(_one_line(error.format_message()), hint=f"{path} --help")
        case click.ClickException():
            return UsageError(_one_line(error.format_message()), hint="matrix-secrets --help")
        case KeyboardInterrupt() | click.Abort():
            return StoppedError("interrupted", hint="every file is as it was or as it should be: run the command again")
        case OSError():
            where = f": {error.filename}" if error.filename else ""
            text = f"the system refused{where}: {error.strerror or type(error).__name__}"
            return OutsideError(text, hint="mend that, then run the command again")
        case _:
            return BugError(f"a bug in matrix-secrets ({type(error).__name__})", hint=_REPORT)


def frames(error: BaseException) -> str:
    """Where an exception came from: types, files, lines and functions; no messages, no source text, no locals."""
    return "".join(f"{line}\n" for line in _frame_lines(error, set()))


def _frame_lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    import traceback  # noqa: PLC0415  only for a bug

    seen.add(id(error))
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None and id(earlier) not in seen:
        yield from _frame_lines(earlier, seen)
        yield "then:"
    yield f"{type(error).__name__} (its message is left out)"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"


def _one_line(text: str) -> str:
    """One line of what click says; it repeats arguments, and somebody may have typed a private key as one."""
    return _PRIVATE_KEY.sub("<redacted>", " ".join(text.split()))
