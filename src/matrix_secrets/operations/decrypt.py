"""The plain text of an encrypted file."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from matrix_secrets.errors import RefusedError

if TYPE_CHECKING:
    from matrix_secrets.stack.workspace import Workspace


def decrypt_file(workspace: Workspace, file: str) -> str:
    """Return a file's plain text in its own formatting; nothing is written anywhere.

    Raises RefusedError for a file that is not encrypted, NoIdentityError and TamperedError as the engine does.
    """
    found = workspace.read(file)
    if found.locked is not None:
        raise found.locked
    if not found.encrypted:
        raise RefusedError(f"{file} is not encrypted", hint=f"cat {shlex.quote(file)}")
    return found.stream.text
