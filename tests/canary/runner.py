"""Runs command lines, each in a process of its own that notes what it starts, removes and renames.

Reads one request a line from standard input and answers with one line (both JSON; `running` has the fields). Everything
is imported before the first request, so that a run costs no more than its work. What is noted comes from Python's audit
events (https://docs.python.org/3/library/audit_events.html): the program itself is as it always is.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

STARTING = {"subprocess.Popen", "os.posix_spawn", "os.exec", "os.system"}
LARGEST = 1 << 20  # bytes


class Notes:
    """What a process did to others and to files, written down before it happens."""

    def __init__(self, path: str, forms: dict[str, list[str]]) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._forms = {name: [form.encode() for form in found] for name, found in forms.items()}
        self._busy = False

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            if event in STARTING:
                self._started(event, arguments)
            elif event == "os.remove":
                self._note(event, arguments[0], directory=arguments[1])
            elif event == "os.rename":
                self._note(event, arguments[0], to=str(arguments[1]))
            elif event == "open" and not isinstance(arguments[0], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
                self._write(event=event, path=os.path.abspath(os.fsdecode(arguments[0])))  # noqa: PTH100  a link stays
        finally:
            self._busy = False

    def _started(self, event: str, arguments: tuple[Any, ...]) -> None:
        words, env = (arguments[1], arguments[3]) if event == "subprocess.Popen" else (arguments[0], arguments[-1])
        given = dict(os.environ) if env is None else {os.fsdecode(k): os.fsdecode(v) for k, v in env.items()}
        argv = [os.fsdecode(word) for word in ([words] if isinstance(words, str | bytes) else words)]
        self._write(event="started", argv=argv, env=given)

    def _note(self, event: str, path: object, *, to: str = "", directory: int = -1) -> None:
        name = os.fsdecode(path)  # type: ignore[arg-type]
        if directory >= 0:
            name = f"/proc/self/fd/{directory}/{name}"
        try:
            data = Path(name).read_bytes()[:LARGEST].lower()
        except OSError:
            return
        held = [marker for marker, forms in self._forms.items() if any(form in data for form in forms)]
        self._write(event=event, path=os.path.realpath(name), to=to, held=held)

    def _write(self, **fields: object) -> None:
        os.write(self._file, json.dumps(fields).encode() + b"\n")


def preload() -> None:
    """Import all of the program, and what it imports only when it is needed."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    package = importlib.import_module("matrix_secrets")
    for found in pkgutil.walk_packages(package.__path__, "matrix_secrets."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    for name in ("git", "pyrage", "filelock", "cryptography.hazmat.primitives.ciphers.aead"):
        importlib.import_module(name)


def become(request: dict[str, Any]) -> int:
    """Be the process that a request asks for; return its exit code."""
    from matrix_secrets.cli.main import run  # noqa: PLC0415  it is imported by now

    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["out"], os.O_WRONLY | os.O_CREAT),
        (2, request["err"], os.O_WRONLY | os.O_CREAT),
        (7, request["passphrase"], os.O_RDONLY),
    ):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    tempfile.tempdir = None
    sys.argv = ["matrix-secrets", *request["argv"]]
    notes = Notes(request["notes"], request["forms"])
    sys.addaudithook(notes.hear)
    return run(request["argv"], os.environ)


def main() -> None:
    preload()
    sys.dont_write_bytecode = True
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 70
            try:
                code = become(json.loads(line))
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")


if __name__ == "__main__":
    main()
