"""The scripts in Git's hooks directory: ours, and what stood there before, which runs first."""

from __future__ import annotations

import os
import secrets
import shlex
import stat
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError
from matrix_secrets.gitrepo.process import ask_git
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matrix_secrets.gitrepo.locate import WorkTree

HOOKS: Final = ("pre-commit", "pre-push")
BEFORE: Final = ".before-matrix-secrets"
_OURS: Final = b"# matrix-secrets: a hook\n"
_MODE: Final = 0o755
_NAME: Final = "matrix-secrets"

_HEAD: Final = """\
#!/bin/sh
# matrix-secrets: a hook
# `matrix-secrets hooks install` put it here, `matrix-secrets hooks uninstall` takes it away.
# What stood here before has "{before}" behind its name, and runs first.
before="$0{before}"
"""
_PRE_COMMIT: Final = """\
if test -x "$before"; then
    "$before" "$@" || exit
fi
# Nothing comes in, as when only a message is changed or files are deleted: there is nothing to look at.
git diff-index --cached --quiet --diff-filter=d HEAD -- 2>/dev/null && exit 0
"""
_PRE_PUSH: Final = """\
refs=$(cat)
refs() { test -z "$refs" || printf '%s\\n' "$refs"; }
if test -x "$before"; then
    refs | "$before" "$@" || exit
fi
test -n "$refs" || exit 0
"""
_RUN: Final = """\
if command -v {program} >/dev/null 2>&1; then
    {pipe}{words} hooks {hook} "$@"
elif command -v {name} >/dev/null 2>&1; then
    {pipe}{by_name} hooks {hook} "$@"
else
    echo 'error: matrix-secrets is not there any more, so nothing was looked at' >&2
    echo "fix:   install it again, or delete this hook: $0" >&2
    exit 1
fi
"""


@dataclass(frozen=True, slots=True)
class HookFile:
    """One hook's place: ``path`` of the script, and what stands there now (None: nothing)."""

    name: str
    path: Path
    content: bytes | None

    @property
    def before(self) -> Path:
        """Where the script that stood there before is kept."""
        return self.path.with_name(self.name + BEFORE)

    @property
    def is_ours(self) -> bool:
        """Whether the script is this program's."""
        return self.content is not None and _OURS in self.content


def hooks_directory(work_tree: WorkTree) -> Path:
    """Return where Git looks for hooks: core.hooksPath is honoured, and work trees share theirs."""
    return work_tree.root / ask_git(work_tree, "rev-parse", "--git-path", "hooks").text


def hooks_path_scope(work_tree: WorkTree) -> str | None:
    """Return where core.hooksPath is set (``local``, ``global``, ``system``), None if it is not."""
    answer = ask_git(work_tree, "config", "--show-scope", "--get", "core.hooksPath", ok=(0, 1))
    return answer.text.partition("\t")[0] or None


def hook_files(work_tree: WorkTree) -> list[HookFile]:
    """Return the hooks that are ours to install, as they stand."""
    directory = hooks_directory(work_tree)
    return [HookFile(name, directory / name, _read(directory / name)) for name in HOOKS]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}", hint=f"ls -l {shlex.quote(str(path))}") from None


def script(name: str, program: Sequence[str], options: Sequence[str] = ()) -> bytes:
    """Return the script of a hook; ``program`` are the words that run this program, ``options`` of its command."""
    words = shlex.join(program)
    hook = " ".join([name, *options])
    pre_push = name == "pre-push"
    run = _RUN.format(
        program=shlex.quote(program[0]),
        words=words if pre_push else f"exec {words}",
        hook=hook,
        name=_NAME,
        by_name=_NAME if pre_push else f"exec {_NAME}",
        pipe="refs | " if pre_push else "",
    )
    return (_HEAD.format(before=BEFORE) + (_PRE_PUSH if pre_push else _PRE_COMMIT) + run).encode()


def write_script(path: Path, content: bytes) -> None:
    """Put a script in place, complete or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        fresh.chmod(_MODE)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def is_executable(path: Path) -> bool:
    """Whether Git would run it."""
    try:
        return bool(path.stat().st_mode & stat.S_IXUSR)
    except OSError:
        return False
