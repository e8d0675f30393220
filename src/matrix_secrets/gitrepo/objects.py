"""The contents of Git's objects, one asked for after the other, by one process of git."""

from __future__ import annotations

import os
import subprocess
from typing import IO, TYPE_CHECKING, Final, Self

from matrix_secrets.errors import OutsideError
from matrix_secrets.gitrepo.command import environment

if TYPE_CHECKING:
    from types import TracebackType

    from matrix_secrets.gitrepo.locate import WorkTree

_HEADER_FIELDS: Final = 3  # "ID TYPE SIZE"


class Objects:
    """Reads blobs by their ids. A context manager: the process ends with it."""

    def __init__(self, work_tree: WorkTree) -> None:
        self._work_tree = work_tree
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            asking, answers = self._pipes()
            asking.close()
            answers.close()
            self._process.wait()

    def read(self, name: str) -> bytes | None:
        """Return the content of a blob, named by its id or as ``REVISION:FILE``; None where there is none."""
        asking, answers = self._pipes()
        asking.write(os.fsencode(name) + b"\n")
        asking.flush()
        header = answers.readline().split()
        if len(header) != _HEADER_FIELDS:
            return None
        content = answers.read(int(header[2]))
        answers.read(1)
        return content if header[1] == b"blob" else None

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = self._started()
        asking, answers = self._process.stdin, self._process.stdout
        if asking is None or answers is None:
            message = "pipes were asked for"
            raise AssertionError(message)
        return asking, answers

    def _started(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                ["git", "--no-optional-locks", "cat-file", "--batch"],  # noqa: S607  git is found on PATH everywhere
                cwd=self._work_tree.root,
                env=os.environ | environment(self._work_tree, "cat-file"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except FileNotFoundError:
            raise OutsideError("the git program is missing", hint="install git") from None
