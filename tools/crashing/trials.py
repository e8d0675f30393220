"""Interruptions of one command: every point once, each in a fresh copy of its repository."""

from __future__ import annotations

import errno
import importlib
import os
import resource
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crashing import calls
from crashing.judging import Judge, tree_of
from crashing.scenarios import Scenario, prepared
from crashing.tracing import Point, Trace, When, traced
from matrix_secrets.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NOBODY: Final = 65534
_ORDERLY: Final = frozenset({0, 3, 4})  # what a command that failed for want of room or rights may end with
_AGES: Final = 5.0  # seconds that what was left in memory is made older, so that it counts as abandoned


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one interruption: ``kind`` is ``old`` or ``new``, anything else is a loss."""

    scenario: str
    point: str
    kind: str

    @property
    def lost(self) -> bool:
        """Whether something is not as it has to be."""
        return self.kind not in ("old", "new")


class Trials:
    """All trials of one scenario. Everything stands below ``directory``, which no other trial uses."""

    def __init__(self, scenario: Scenario, directory: Path, sops: Path) -> None:
        self._scenario = scenario
        self._start = directory / "start"
        self._work = directory / "work"
        site = prepared(scenario, self._work, sops)
        self._env = {**site.env, **scenario.env}
        self._sops = sops
        self._root = self._work / "cluster"
        # In memory, and nobody else's: what an editor works on.
        self._held = tempfile.TemporaryDirectory(prefix="matrix-secrets-crash-", dir="/dev/shm")
        self._memory = Path(self._held.name)
        self._env["TMPDIR"] = str(self._memory)
        shutil.copytree(self._work, self._start, symlinks=True)
        old = tree_of(self._root)
        self._load_what_it_loads()
        self._fresh()
        self.trace = self._traced(None)
        self._judge = Judge(self._root, self._work / "home/.config/sops/age/keys.txt", old, tree_of(self._root))
        self._sizes = sorted({len(data) for data in tree_of(self._root).values()})

    def _load_what_it_loads(self) -> None:
        """Import here what a run imports: each trial is a fork of this process, and starts where the work starts."""
        loaded = self._start.with_name("modules")

        def action() -> int:
            code = self._run(self._scenario.words)
            loaded.write_text("\n".join(sys.modules), encoding="utf-8")
            return code

        if self._scenario.ours:
            _forked(action)
            for name in loaded.read_text(encoding="utf-8").split("\n"):
                with suppress(ImportError):  # some make modules that stand in no file
                    importlib.import_module(name)

    def close(self) -> None:
        """Remove what stands in memory."""
        self._held.cleanup()

    def points(self) -> list[Callable[[], Result]]:
        """Every interruption there is, ready to be tried."""
        kills = [Point(number, when) for number in range(1, len(self.trace.calls) + 1)
                 for when in (When.BEFORE, When.AFTER)]  # fmt: skip
        found = [self._at(point) for point in [*kills, *self._failures()]]
        found += [self._limited(size) for size in self._limits()]
        found += [self._read_only(name) for name in ("apps/matrix", ".", ".git", ".git/matrix-secrets")]
        return found

    def _failures(self) -> Iterator[Point]:
        for number, (name, _) in enumerate(self.trace.calls, start=1):
            if name in calls.WRITES | calls.MAKES | calls.MOVES | calls.SYNCS:
                yield Point(number, When.FAILS, errno.ENOSPC)
            if name in calls.MAKES | calls.MOVES | calls.REMOVES:
                yield Point(number, When.FAILS, errno.EACCES)

    def _limits(self) -> list[int]:
        around = {size + more for size in self._sizes for more in (-1, 0)}
        return sorted({0, 1, 100, 512, 1024, 4096, *around} - {-1})

    def _at(self, point: Point) -> Callable[[], Result]:
        def trial() -> Result:
            self._fresh()
            trace = self._traced(point)
            name, file = self.trace.calls[point.number - 1]
            what = f"{point.when.value} {errno.errorcode.get(point.error, '')}".strip()
            where = f"call {point.number}, {name} of {os.path.basename(file)}: {what}"  # noqa: PTH119
            return self._judged(where, trace, killed=point.when is not When.FAILS)

        return trial

    def _limited(self, size: int) -> Callable[[], Result]:
        def trial() -> Result:
            self._fresh()
            trace = self._traced(None, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
            return self._judged(f"no file over {size} bytes", trace)

        return trial

    def _read_only(self, name: str) -> Callable[[], Result]:
        def trial() -> Result:
            self._fresh()
            directory = self._root / name
            if not directory.is_dir():
                directory.mkdir()
            self._hand_over(_NOBODY if os.geteuid() == 0 else os.geteuid())
            directory.chmod(0o555)
            trace = self._traced(None, _as_nobody)
            directory.chmod(0o755)
            self._hand_over(os.geteuid())
            return self._judged(f"{name} is read-only", trace)

        return trial

    def _judged(self, where: str, trace: Trace, *, killed: bool = False) -> Result:
        kind = ""
        copies = self._judge.copies(self._root.parent / "nothing")
        if copies:
            kind = f"copies of plain text: {copies}"
        elif not killed and self._scenario.ours and trace.exit_code not in _ORDERLY:
            kind = f"ended with exit code {trace.exit_code}"
        elif self._scenario.ours and (code := self._next_run()) not in (0, 1):
            kind = f"the next run ended with exit code {code}"
        elif self._scenario.ours and (left := self._judge.copies(self._memory)):
            kind = f"copies of plain text after the next run: {left}"
        return Result(self._scenario.name, where, kind or self._judge.kind())

    def _next_run(self) -> int | None:
        for left in self._memory.iterdir():  # a second has to pass before a directory counts as abandoned
            before = left.stat().st_mtime - _AGES
            os.utime(left, (before, before))
        return _forked(lambda: self._run(()))

    def _fresh(self) -> None:
        shutil.rmtree(self._work)
        shutil.copytree(self._start, self._work, symlinks=True)
        for left in self._memory.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def _hand_over(self, owner: int) -> None:
        for path in (self._work.parent, self._memory, self._work, *self._work.rglob("*")):
            os.chown(path, owner, -1, follow_symlinks=False)

    def _traced(self, point: Point | None, first: Callable[[], None] = lambda: None) -> Trace:
        def action() -> int:
            first()
            return self._run(self._scenario.words)

        return traced(action, self._work, point)

    def _run(self, words: tuple[str, ...]) -> int:
        """Be the command, in a process that was forked for it."""
        os.chdir(self._root)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.environ.clear()
        os.environ.update(self._env)
        if not self._scenario.ours and words:
            os.execve(self._sops, [str(self._sops), *words], self._env)  # noqa: S606  (the real program)
        return run(words, os.environ)


def _as_nobody() -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)


def _forked(action: Callable[[], int]) -> int | None:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = action()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
