"""A program run under ptrace(2): stopped before and after each call that changes the disk.

What is started by it is followed, too, whatever its language: sops is written in Go, which no preloaded library stops.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from crashing import calls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.restype = ctypes.c_long
_TRACEME, _GETREGS, _SETREGS, _SYSCALL = 0, 12, 13, 24
_SETOPTIONS, _GET_SYSCALL_INFO = 0x4200, 0x420E
# TRACESYSGOOD, TRACEFORK, TRACEVFORK, TRACECLONE, TRACEEXEC, EXITKILL
_OPTIONS: Final = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x100000
_WALL: Final = 0x40000000
_SYSCALL_STOP: Final = signal.SIGTRAP | 0x80
_ENTRY, _EXIT = 1, 2
_INFO: Final = struct.Struct("=B3xIQQ")  # op, arch, instruction and stack pointer; behind them, number and arguments
_REGISTERS: Final = 27  # of x86_64's struct user_regs_struct
_RAX, _ORIG_RAX = 10, 15
_RESULTS: Final = 1 << 64


class When(Enum):
    """What is done at a call: the program is killed in front of it or behind it, or the call fails."""

    BEFORE = "before"
    AFTER = "after"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Point:
    """The ``number``-th call (from 1) that changes the disk; ``error`` is the errno of one that fails."""

    number: int
    when: When
    error: int = 0


@dataclass(slots=True)
class Trace:
    """What was seen: the calls by name and file, in order, and how the program ended (None: killed at the point)."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    reached: bool = False
    exit_code: int | None = None


def traced(action: Callable[[], int], watched: Path, point: Point | None = None) -> Trace:
    """Run ``action`` in a fork that ends with its result, and stop it at a point.

    Calls count that change something below ``watched``. Whatever is left of the program is killed in the end.
    """
    child = os.fork()
    if child == 0:
        _as_child(action)
    os.waitpid(child, 0)
    _ptrace(_SETOPTIONS, child, 0, _OPTIONS)
    return _Run(child, watched, point).to_the_end()


def _as_child(action: Callable[[], int]) -> None:
    code = 99
    try:
        _ptrace(_TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        code = action()
    finally:
        os._exit(code)


class _Run:
    """One traced program with all that it starts."""

    def __init__(self, child: int, watched: Path, point: Point | None) -> None:
        self._child = child
        self._watched = str(watched)
        self._point = point
        self._alive = {child}
        self._inside: dict[int, str] = {}  # who is in a call that counts, and in which
        self._failing: set[int] = set()
        self.trace = Trace()

    def to_the_end(self) -> Trace:
        _ptrace(_SYSCALL, self._child)
        while self._alive:
            try:
                pid, status = os.waitpid(-1, _WALL)
            except ChildProcessError:
                break
            if os.WIFSTOPPED(status):
                self._alive.add(pid)
                self._stopped(pid, status)
                continue
            self._alive.discard(pid)
            if pid == self._child:
                self.trace.exit_code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        return self.trace

    def _stopped(self, pid: int, status: int) -> None:
        number, event = os.WSTOPSIG(status), status >> 16
        deliver = 0
        if number == _SYSCALL_STOP:
            if self._at_call(pid):
                self._kill_all()
                return
        elif not event and number not in (signal.SIGSTOP, signal.SIGTRAP):  # SIGSTOP: one that has just been started
            deliver = number
        _ptrace(_SYSCALL, pid, 0, deliver, missing_ok=True)

    def _at_call(self, pid: int) -> bool:
        """Look at a call that begins or ends; tell whether the program has to die now."""
        buffer = ctypes.create_string_buffer(88)
        if _ptrace(_GET_SYSCALL_INFO, pid, 88, ctypes.addressof(buffer), missing_ok=True) < 0:
            return False
        raw = buffer.raw
        operation = raw[0]
        if operation == _EXIT:
            name = self._inside.pop(pid, None)
            if pid in self._failing:
                self._failing.discard(pid)
                _set_register(pid, _RAX, _RESULTS - (self._point.error if self._point is not None else 0))
            return name is not None and self._is_point(When.AFTER)
        if operation != _ENTRY:
            return False
        number, *arguments = struct.unpack_from("=7Q", raw, _INFO.size)
        name = calls.NAMES.get(number)
        target = None if name is None else self._target(pid, name, arguments)
        if name is None or target is None:
            return False
        self.trace.calls.append((name, target))
        self._inside[pid] = name
        if self._is_point(When.FAILS):
            _set_register(pid, _ORIG_RAX, _RESULTS - 1)  # no such call: nothing is done
            self._failing.add(pid)
        return self._is_point(When.BEFORE)

    def _is_point(self, when: When) -> bool:
        point = self._point
        found = point is not None and point.when is when and point.number == len(self.trace.calls)
        self.trace.reached = self.trace.reached or found
        return found

    def _target(self, pid: int, name: str, arguments: list[int]) -> str | None:
        """The watched file that a call changes; None for any other, and for openings that change nothing."""
        if calls.changes_nothing(name, arguments):
            return None
        descriptor = calls.descriptor_of(name, arguments)
        if descriptor is None:
            return self._path(pid, name, arguments)
        try:
            file = os.readlink(f"/proc/{pid}/fd/{descriptor & 0xFFFFFFFF}")  # noqa: PTH115  (no resolving)
        except OSError:
            return None
        return file if file.startswith(self._watched) else None

    def _path(self, pid: int, name: str, arguments: list[int]) -> str:
        at = arguments[1] if name.endswith("at") or name == "renameat2" else arguments[0]
        try:
            with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:  # noqa: PTH123  (unbuffered)
                memory.seek(at)
                return memory.read(256).partition(b"\0")[0].decode(errors="replace")
        except (OSError, ValueError, OverflowError):
            return ""

    def _kill_all(self) -> None:
        for pid in self._alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _set_register(pid: int, at: int, value: int) -> None:
    registers = (ctypes.c_uint64 * _REGISTERS)()
    _ptrace(_GETREGS, pid, 0, ctypes.addressof(registers))
    registers[at] = value
    _ptrace(_SETREGS, pid, 0, ctypes.addressof(registers))


def _ptrace(request: int, pid: int, address: int = 0, data: int = 0, *, missing_ok: bool = False) -> int:
    ctypes.set_errno(0)
    result = int(_LIBC.ptrace(request, pid, ctypes.c_void_p(address), ctypes.c_void_p(data)))
    error = ctypes.get_errno()
    if result == -1 and error and not (missing_ok and error == errno.ESRCH):
        raise OSError(error, os.strerror(error))
    return result
