"""Run the git program in a work tree: through GitPython, in English, with credentials taken out of its words."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import OutsideError
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from matrix_secrets.gitrepo.locate import WorkTree

_LINES_SHOWN: Final = 20
# Here the user's own programs run (hooks, signing), which may decrypt; no other git command has use for a private key.
_RUNS_HOOKS: Final = frozenset({"commit", "push"})
PRIVATE: Final = "SOPS_AGE_KEY"
"""The variable that no child gets for nothing."""

# Up to the last @ of the word: a password may hold any character, and too much taken out is no harm.
_CREDENTIALS: Final = re.compile(r"(?<=://)[^\s'\"]*@")


@dataclass(frozen=True, slots=True)
class Answer:
    """What git said: exit status, standard output as it came, standard error without credentials."""

    status: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as one text, without the line end after it."""
        return os.fsdecode(self.out).rstrip("\n")

    @property
    def fields(self) -> list[str]:
        """Standard output split at NUL, as ``-z`` writes it."""
        return [os.fsdecode(field) for field in self.out.split(b"\0") if field]

    @property
    def words(self) -> str:
        """Everything that git and hooks said, the end of it: for the ``cause`` of an error."""
        return last_lines(f"{redact_credentials(self.text)}\n{self.err}")


def run_git(
    work_tree: WorkTree,
    *words: str,
    stdin: bytes = b"",
    ok: Collection[int] = (0,),
    env: Mapping[str, str] | None = None,
) -> Answer:
    """Run ``git WORDS`` in the work tree's root; ``env`` is what its hooks are told beyond the environment.

    Raises `OutsideError` if git is missing or its exit status is not one of ``ok``.
    """
    # Without this, the import itself fails where there is no git; the words for that are below.
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import tempfile  # noqa: PLC0415  (both only for what needs the program: 0.1 s)

    import git  # noqa: PLC0415

    program = git.Git.GIT_PYTHON_GIT_EXECUTABLE or "git"
    command = next((word for word in words if not word.startswith("-")), "")
    with tempfile.TemporaryFile() as file:
        file.write(stdin)
        file.seek(0)
        try:
            status, out, err = git.Git(work_tree.root).execute(
                [program, *words],
                istream=file,
                env=environment(work_tree, command) | dict(env or {}),
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        except git.GitCommandNotFound:
            raise OutsideError("the git program is missing", hint="install git") from None
    answer = Answer(status, out, redact_credentials(err))
    if answer.status not in ok:
        raise OutsideError(f"git {command} failed", cause=answer.words or f"exit status {answer.status}")
    return answer


def literal(paths: Iterable[str]) -> list[str]:
    """Name files below the root for git, none of their characters special."""
    return [f":(top,literal){path}" for path in paths]


def redact_credentials(text: str) -> str:
    """Take user names, passwords and tokens out of the URLs in a text."""
    return _CREDENTIALS.sub("***@", text)


def last_lines(text: str) -> str:
    """Keep the end of what a program said, without its empty lines."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-_LINES_SHOWN:])


def environment(work_tree: WorkTree, command: str) -> dict[str, str]:
    """Return what git is told beyond the environment: its language, no private key, and which repository."""
    # English, as GitPython wants it, but in UTF-8: hooks print names.
    env = {"LC_ALL": "C.UTF-8"}
    if command not in _RUNS_HOOKS and PRIVATE in os.environ:
        env[PRIVATE] = ""  # GitPython hands on the whole environment, and can only be told other values
    if "GIT_DIR" in os.environ or "GIT_WORK_TREE" in os.environ:
        # Inside a hook of another repository these would win over the directory that git is started in.
        env |= {"GIT_DIR": str(work_tree.git_dir), "GIT_WORK_TREE": str(work_tree.root)}
    return env
