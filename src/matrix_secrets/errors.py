"""The one root error, its variants by exit code, and the one notation for places."""

from __future__ import annotations

from typing import ClassVar

from matrix_secrets.records import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file, a document in it, a key path inside that.

    ``file`` is relative to the repository, with ``/``; ``document`` is ``Kind/name`` or ``document N``
    (counted from 1); ``path`` is the keys from the resource downwards, an embedded file's name included.
    """

    file: str
    document: str = ""
    path: tuple[str, ...] = ()
    line: int | None = None

    def __str__(self) -> str:
        parts = [self.file, self.document, *self.path]
        text = " › ".join(part for part in parts if part).replace("\n", "\\n")  # a name may hold one
        return text if self.line is None else f"{text}, line {self.line}"


class MatrixSecretsError(Exception):
    """Something the user can be told about in one line, with a cause and the next step.

    ``message`` names file, document and key and never a value; ``hint`` is the exact command or edit that mends it.
    """

    exit_code: ClassVar[int] = 3
    code: ClassVar[str] = "refused"

    def __init__(
        self,
        message: str,
        *,
        cause: str | None = None,
        hint: str | None = None,
        place: Place | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        return self.message if self.place is None else f"{self.place}: {self.message}"


class RefusedError(MatrixSecretsError):
    """Refused, or bad input: nothing was changed (exit 3)."""


class UsageError(MatrixSecretsError):
    """The command line asks for something that does not exist or is not complete (exit 2)."""

    exit_code = 2
    code = "usage"


class OutsideError(MatrixSecretsError):
    """An outside system failed: sops, Git remote, network, cluster (exit 4)."""

    exit_code = 4
    code = "outside"


class BadManifestError(RefusedError):
    """A file does not parse, or holds something that is not understood (exit 3)."""

    code = "bad-manifest"


class NoIdentityError(RefusedError):
    """No identity at hand opens the file (exit 3)."""

    code = "no-identity"


class TamperedError(RefusedError):
    """A MAC or an authentication tag does not fit (exit 3)."""

    code = "tampered"
