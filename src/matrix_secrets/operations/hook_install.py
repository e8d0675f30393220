"""Hooks, drivers and attributes of a clone: installed beside what is there, and taken away again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from matrix_secrets.errors import OutsideError, Place, RefusedError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.gitrepo.attributes import FILE, with_drivers
from matrix_secrets.gitrepo.drivers import set_setting, setting, wanted_settings
from matrix_secrets.gitrepo.hookfiles import (
    HookFile,
    hook_files,
    hooks_directory,
    hooks_path_scope,
    is_executable,
    script,
    write_script,
)
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.records import dataclass
from matrix_secrets.transaction import FileWrite, apply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matrix_secrets.gitrepo.locate import WorkTree


@dataclass(frozen=True, slots=True)
class Script:
    """A hook's script that is written."""

    path: Path
    content: bytes


@dataclass(frozen=True, slots=True)
class Move:
    """A script that gets another name; ``replaces`` tells that ours stands there and is lost."""

    path: Path
    to: Path


@dataclass(frozen=True, slots=True)
class Removal:
    """A script that is removed."""

    path: Path


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the clone; None: it is taken away."""

    name: str
    value: str | None


Step: TypeAlias = "Script | Move | Removal | Setting"


@dataclass(frozen=True, slots=True)
class HookPlan:
    """A plan, and the steps that are no files of the work tree, in order."""

    plan: Plan
    steps: tuple[Step, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return not self.steps and self.plan.empty


def plan_install(
    work_tree: WorkTree, files: Sequence[str], program: Sequence[str], options: Sequence[str] = ()
) -> HookPlan:
    """Plan the hooks, the drivers and their attributes for the ``files`` that are or should be encrypted.

    ``program`` are the words that run this program, ``options`` go to the hooks. Raises RefusedError where a hook of
    somebody else stands both in its place and in that of the one before.
    """
    steps: list[Step] = []
    changes: list[Change] = []
    for hook in hook_files(work_tree):
        wanted = script(hook.name, program, options)
        shown = Place(_shown(work_tree, hook.path))
        if hook.content == wanted and is_executable(hook.path):
            continue
        if hook.content is not None and not hook.is_ours:
            _refuse_lost(work_tree, hook)
            steps.append(Move(hook.path, hook.before))
            changes.append(Change(shown, "kept", f"as {hook.before.name}: it runs first"))
        steps.append(Script(hook.path, wanted))
        changes.append(Change(shown, "renewed" if hook.is_ours else "installed"))
    for name, value in wanted_settings(program).items():
        if setting(work_tree, name) != value:
            steps.append(Setting(name, value))
            changes.append(Change(Place(".git/config", path=(name,)), "set"))
    return _with_attributes(work_tree, files, steps, changes, list(_notes(work_tree)))


def plan_uninstall(work_tree: WorkTree, program: Sequence[str]) -> HookPlan:
    """Plan to take all of it away, and to put back what stood there before."""
    steps: list[Step] = []
    changes: list[Change] = []
    for hook in hook_files(work_tree):
        if not hook.is_ours:
            continue
        shown = Place(_shown(work_tree, hook.path))
        if hook.before.exists():
            steps.append(Move(hook.before, hook.path))
            changes.append(Change(shown, "put back", f"what was {hook.before.name}"))
        else:
            steps.append(Removal(hook.path))
            changes.append(Change(shown, "removed"))
    for name in wanted_settings(program):
        if setting(work_tree, name) is not None:
            steps.append(Setting(name, None))
            changes.append(Change(Place(".git/config", path=(name,)), "removed"))
    return _with_attributes(work_tree, (), steps, changes, [])


def apply_hooks(work_tree: WorkTree, planned: HookPlan) -> None:
    """Do it. Raises OutsideError where a file cannot be written."""
    try:
        for step in planned.steps:
            match step:
                case Script():
                    write_script(step.path, step.content)
                case Move():
                    step.path.replace(step.to)
                case Removal():
                    step.path.unlink()
                case Setting():
                    set_setting(work_tree, step.name, step.value)
    except OSError as error:
        text = f"cannot write {error.filename or 'a hook'}: {error.strerror}"
        raise OutsideError(text, hint="mend that, then run the command again: it goes on where it stopped") from None
    apply(work_tree.root, work_tree.state_dir, planned.plan.writes)


def _with_attributes(
    work_tree: WorkTree, files: Sequence[str], steps: list[Step], changes: list[Change], notes: list[Finding]
) -> HookPlan:
    path = work_tree.root / FILE
    old = path.read_bytes() if path.is_file() else None
    before = (old or b"").decode("utf-8", errors="surrogateescape")
    after = with_drivers(before, files)
    writes = []
    if after != before:
        new = after.encode("utf-8", errors="surrogateescape") if after else None
        writes.append(FileWrite(path, old, new))
        detail = f"diff and merge drivers for {len(files)} files" if files else "the lines of the drivers removed"
        changes.append(Change(Place(FILE), "set" if files else "removed", detail))
    following = (f"git add {FILE} && git commit -m 'Drivers for encrypted files'",) if writes else ()
    plan = Plan(tuple(changes), tuple(writes), tuple(notes), paths=(FILE,), next_commands=following)
    return HookPlan(plan, tuple(steps))


def _refuse_lost(work_tree: WorkTree, hook: HookFile) -> None:
    if hook.before.exists():
        raise RefusedError(
            f"another hook was put in the place of ours, and {hook.before.name} is there, too: one would be lost",
            place=Place(_shown(work_tree, hook.path)),
            hint=f"make one script of the two in {hook.path}, delete {hook.before}, then: matrix-secrets hooks install",
        )


def _notes(work_tree: WorkTree) -> Iterator[Finding]:
    scope = hooks_path_scope(work_tree)
    if scope in {"global", "system"}:
        place = Place(str(hooks_directory(work_tree)))
        text = f"core.hooksPath is set in your {scope} configuration: every repository that uses it runs these hooks"
        yield Finding("hooks-shared", Severity.WARNING, place, text, "git config --local core.hooksPath .git/hooks")
    elif scope is not None:
        place = Place(str(hooks_directory(work_tree)))
        text = "core.hooksPath is set: if that directory is part of the repository, do not commit these two scripts"
        yield Finding("hooks-shared", Severity.WARNING, place, text, "git config --local --unset core.hooksPath")


def _shown(work_tree: WorkTree, path: Path) -> str:
    return path.relative_to(work_tree.root).as_posix() if path.is_relative_to(work_tree.root) else str(path)
