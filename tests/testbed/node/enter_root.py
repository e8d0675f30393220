"""Become a container's program: its own file system, its own user. Started under ``unshare --mount`` with a plan.

    python -I enter_root.py PLAN

The plan is JSON: root (an empty folder), links, binds, files, user, group, directory, command. Variables are inherited.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

MS_RDONLY, MS_NOSUID, MS_REMOUNT, MS_BIND, MS_REC = 1, 2, 32, 4096, 16384
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: Path, kind: str, flags: int, data: str = "") -> None:
    done = _libc.mount(source.encode(), str(target).encode(), kind.encode(), flags, data.encode())
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"{source} on {target}")


def bind(source: str, target: Path, *, read_only: bool) -> None:
    """Show ``source``, a file or a folder, at ``target``, which is made if need be."""
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(source, target, "", MS_BIND | MS_REC)
    if read_only:
        mount("", target, "", MS_BIND | MS_REMOUNT | MS_RDONLY)


def main() -> None:
    plan: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    os.umask(0o022)
    root = Path(plan["root"])
    mount("tmpfs", root, "tmpfs", MS_NOSUID, "mode=0755")
    for folder, mode in plan["folders"].items():
        made = root / folder.lstrip("/")
        made.mkdir(parents=True)
        made.chmod(int(mode, 8))
    for name, target in plan["links"].items():
        (root / name.lstrip("/")).symlink_to(target)
    for source, target, read_only in plan["binds"]:
        bind(source, root / target.lstrip("/"), read_only=read_only)
    for name, text in plan["files"].items():
        file = root / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    os.chroot(root)
    os.chdir(plan["directory"])
    if plan["user"] is not None:
        os.setgroups([])
        os.setresgid(plan["group"], plan["group"], plan["group"])
        os.setresuid(plan["user"], plan["user"], plan["user"])
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # lost with the change of user
    try:
        os.execvp(plan["command"][0], plan["command"])  # noqa: S606  that is the point
    except OSError as error:
        sys.exit(f"exec {plan['command'][0]}: {error.strerror}")


if __name__ == "__main__":
    main()
