"""A driver for test_limits: applies a change without root's rights or under a file-size limit; prints what came of it.

Usage: python limited.py nobody|plain|limit=BYTES DIRECTORY
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import tempfile
from pathlib import Path

from matrix_secrets.errors import MatrixSecretsError, RefusedError
from matrix_secrets.transaction import FileWrite, apply

NOBODY = 65534


def main(how: str, root: Path) -> None:
    with tempfile.TemporaryDirectory() as name, contextlib.suppress(RefusedError):
        elsewhere = Path(name)  # everything is loaded before the rights to read it are gone
        apply(elsewhere, elsewhere / "state", [FileWrite(elsewhere / "file", b"no", b"yes")])
    path = root / "apps" / "a.yaml"
    first = FileWrite(root / "first.yaml", b"first", b"FIRST")
    if how == "nobody" and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    if how.startswith("limit="):
        size = int(how.partition("=")[2])
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        apply(root, root / ".git" / "matrix-secrets", [first, FileWrite(path, b"old", b"new" * 5000)])
    except MatrixSecretsError as error:
        print(json.dumps({"type": type(error).__name__, "text": str(error), "hint": error.hint}))  # noqa: T201
    else:
        print(json.dumps({"type": "done", "text": "", "hint": None}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
