"""The git program started directly: for hooks, which cannot wait for GitPython, and for answers that are streamed."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from matrix_secrets.errors import OutsideError
from matrix_secrets.gitrepo.command import Answer, environment, last_lines, redact_credentials

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from matrix_secrets.gitrepo.locate import WorkTree

BUFFER: Final = 1 << 20


def ask_git(work_tree: WorkTree, *words: str, stdin: bytes = b"", ok: Collection[int] = (0,)) -> Answer:
    """Run ``git WORDS`` in the work tree's root, as `command.run_git` does, without GitPython (0.1 s).

    Raises OutsideError if git is missing or its exit status is not one of ``ok``.
    """
    with _missing_git():
        done = subprocess.run(  # noqa: S603  fixed words of ours
            _line(words), cwd=work_tree.root, env=_environment(work_tree, words), input=stdin, capture_output=True,
            check=False,
        )  # fmt: skip
    answer = Answer(done.returncode, done.stdout, redact_credentials(done.stderr.decode(errors="replace")))
    if answer.status not in ok:
        raise OutsideError(f"git {_command(words)} failed", cause=answer.words or f"exit status {answer.status}")
    return answer


@contextmanager
def streaming(work_tree: WorkTree, *commands: Sequence[str]) -> Iterator[IO[bytes]]:
    """Run git commands, each reading what the one before writes; yield what the last one writes.

    Raises OutsideError, once all was read, where one of them failed. A reader that stops early ends them.
    """
    import tempfile  # noqa: PLC0415  (only for what streams)

    with tempfile.TemporaryFile() as said, _missing_git():
        processes: list[subprocess.Popen[bytes]] = []
        try:
            for words in commands:
                source = processes[-1].stdout if processes else subprocess.DEVNULL
                processes.append(
                    subprocess.Popen(  # noqa: S603  the same
                        _line(words), cwd=work_tree.root, env=_environment(work_tree, words), stdin=source,
                        stdout=subprocess.PIPE, stderr=said, bufsize=BUFFER,
                    )
                )  # fmt: skip
                if len(processes) > 1 and processes[-2].stdout is not None:
                    processes[-2].stdout.close()  # so that it ends when its reader does
            last = processes[-1].stdout
            if last is None:
                message = "a pipe was asked for"
                raise AssertionError(message)
            yield last
            for words, process in zip(commands, processes, strict=True):
                if process.wait() != 0:
                    said.seek(0)
                    cause = last_lines(redact_credentials(said.read().decode(errors="replace")))
                    raise OutsideError(f"git {_command(words)} failed", cause=cause or None)
        finally:
            for process in processes:
                if process.stdout is not None:
                    process.stdout.close()
                if process.poll() is None:
                    process.kill()
                process.wait()


def _line(words: Sequence[str]) -> list[str]:
    # Nothing of ours may take a lock: a hook runs while git holds it.
    return ["git", "--no-optional-locks", *words]


def _command(words: Sequence[str]) -> str:
    return next((word for word in words if not word.startswith("-")), "")


def _environment(work_tree: WorkTree, words: Sequence[str]) -> dict[str, str]:
    return os.environ | environment(work_tree, _command(words))


@contextmanager
def _missing_git() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        if error.filename not in ("git", b"git"):
            raise
        raise OutsideError("the git program is missing", hint="install git") from None
