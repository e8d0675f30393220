"""A driver for test_interruption: runs transactions in children that kill themselves at the n-th call to the system.

Prints one JSON object a line: what state the files were in once `recover` had run.
Usage: python interrupted.py DIRECTORY
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matrix_secrets.transaction import FileWrite, apply, recover

if TYPE_CHECKING:
    from collections.abc import Callable

STATE = ".git/matrix-secrets"
CALLS = ("open", "write", "fsync", "fchmod", "fchown", "rename", "replace", "unlink", "mkdir", "rmdir", "close")
OLD = {"apps/a.yaml": b"old a\n" * 500, "apps/gone.yaml": b"old gone\n", ".sops.yaml": b"old rules\n"}
NEW = {"apps/a.yaml": b"new a\n" * 700, "apps/new/deep/b.yaml": b"new b\n", ".sops.yaml": b"new rules\n"}


def writes(root: Path) -> list[FileWrite]:
    return [FileWrite(root / name, OLD.get(name), NEW.get(name)) for name in sorted({*OLD, *NEW})]


def fresh(root: Path) -> Path:
    shutil.rmtree(root, ignore_errors=True)
    for name, data in OLD.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / ".git").mkdir()
    return root / STATE


def killed_at(step: int, action: Callable[[], object], how: str = "before") -> str | None:
    """Run the action in a child that ends at its n-th call; the call's name.

    ``how``: killed ``before`` the call, after ``half`` of a write (or the whole of another call), or by Ctrl-C.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _end_at(step, writing, how)
        try:
            action()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        name = pipe.read()
    os.waitpid(child, 0)
    return name or None


def _end_at(step: int, pipe: int, how: str) -> None:
    count = 0
    report = os.write

    def wrap(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            nonlocal count
            count += 1
            if count != step:
                return real(*args, **kwargs)
            report(pipe, name.encode())
            if how == "ctrl-c":
                real(*args, **kwargs)
                raise KeyboardInterrupt
            try:
                if how == "half":
                    real(*(_half(args) if name == "write" else args), **kwargs)
            finally:
                os.kill(os.getpid(), signal.SIGKILL)

        return call

    for name in CALLS:
        setattr(os, name, wrap(name, getattr(os, name)))


def _half(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return args[0], bytes(args[1])[: len(args[1]) // 2]


def state_of(root: Path) -> dict[str, Any]:
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    outside = {name: path.read_bytes() for name, path in files.items() if not name.startswith(".git/")}
    kind = "old" if outside == OLD else "new" if outside == NEW else "mixed"
    journals = [name for name in files if name.startswith(".git/") and ".json" in name]
    directories = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir())
    stray = [name for name in directories if kind == "old" and name.startswith("apps/")]
    return {"kind": kind, "left": journals + stray, "files": sorted(outside)}


def say(**fields: Any) -> None:  # noqa: ANN401
    print(json.dumps(fields))  # noqa: T201


def main(root: Path) -> None:
    for how in ("before", "half", "ctrl-c"):
        step = 1
        while name := killed_apply(root, step, how):
            saved = root.with_name("saved")
            shutil.rmtree(saved, ignore_errors=True)
            shutil.copytree(root, saved)
            if how != "ctrl-c":  # that one cleans up before it ends
                recover(root, root / STATE)
            say(phase="apply", how=how, step=step, call=name, **state_of(root))
            if how == "before" and step % 3 == 0:
                kill_the_recovery(root, saved, step)
            step += 1
        say(phase="end", how=how, step=step, call="", **state_of(root))


def killed_apply(root: Path, step: int, how: str) -> str | None:
    state = fresh(root)
    return killed_at(step, lambda: apply(root, state, writes(root)), how)


def kill_the_recovery(root: Path, saved: Path, step: int) -> None:
    again = 1
    while True:
        shutil.rmtree(root)
        shutil.copytree(saved, root)
        if killed_at(again, lambda: recover(root, root / STATE)) is None:
            return
        recover(root, root / STATE)
        say(phase="recover", how="before", step=step, call=f"recovery {again}", **state_of(root))
        again += 1


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    apply(directory, fresh(directory / "warm"), [])  # everything is loaded before the calls are counted
    main(directory / "tree")
