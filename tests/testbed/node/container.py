"""One container of a pod: its program, its log, its state as the kubelet reports it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.testbed.forge import now
from tests.testbed.node.logs import Log
from tests.testbed.processes import DIES_WITH_US

if TYPE_CHECKING:
    from tests.testbed.api import Resource
    from tests.testbed.node.images import Start
    from tests.testbed.node.volumes import Bind

BACKOFF = (0.0, 1.0, 2.0, 4.0, 8.0)  # seconds before a restart; a kubelet waits 10 s, 20 s … 5 minutes
STEADY = 60.0  # seconds after which a crash is the first one again
ROOT_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/dev", "/proc", "/sys")
LAUNCHER = Path(__file__).with_name("enter_root.py")


@dataclass(eq=False)
class Container:
    """``spec`` is its part of the pod's spec; ``folder`` holds its plan, its logs and the way in for exec."""

    spec: Resource
    folder: Path
    restarts: int = 0
    ready: bool = False
    state: Resource = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last_state: Resource = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    socket: str = ""  # what a forwarded port leads to, where that is no port
    not_before: float = 0.0
    log: Log | None = None
    previous_log: Log | None = None
    _started: float = 0.0
    _crashes: int = 0

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def running(self) -> bool:
        return "running" in self.state

    def wait_for(self, reason: str, message: str = "") -> None:
        """Not started yet, and why."""
        self.state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        self.ready = False

    def start(self, how: Start | None, variables: dict[str, str], binds: list[Bind], hostname: str) -> None:
        """Start the program, or pretend to where nothing plays the image."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.previous_log, self.log = self.log, Log(self.folder / f"{self.restarts}.log")
        self._started = time.monotonic()
        self.state = {"running": {"startedAt": now()}}
        if how is None:
            return
        self.stop_signal, self.socket = how.stop_signal, how.socket
        found = {"PATH": how.path, "HOME": "/root", "HOSTNAME": hostname, "LC_ALL": "C.UTF-8", **variables}
        found |= how.variables
        plan = self.folder / "plan.json"
        plan.write_text(json.dumps(self._plan(how, binds)))
        unshare = [shutil.which("unshare") or "unshare", "--mount", "--propagation=private", "--"]
        self.process = subprocess.Popen(
            [*DIES_WITH_US, *unshare, sys.executable, "-I", str(LAUNCHER), str(plan)],
            env=found,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.log.follow(self.process)
        self._write_way_in(found, self.process.pid)

    def _plan(self, how: Start, binds: list[Bind]) -> Resource:
        root = self.folder / "root"
        root.mkdir(exist_ok=True)
        existing = [Path(name) for name in ROOT_FOLDERS if Path(name).exists()]
        links = {str(path): str(path.readlink()) for path in existing if path.is_symlink()}
        shown = [(str(path), str(path), False) for path in existing if not path.is_symlink()]
        shown += [(str(bind.source), bind.target, bind.read_only) for bind in (*how.binds, *binds)]
        working = self.spec.get("workingDir", how.directory)
        return {
            "root": str(root),
            "folders": {"/tmp": "1777", "/root": "0755", **how.folders},  # noqa: S108  the container's own
            "links": links,
            "binds": shown,
            "files": how.files,
            "user": how.user,
            "group": how.group,
            "directory": working,
            "command": list(how.command),
        }

    def _write_way_in(self, variables: dict[str, str], pid: int) -> None:
        """The script that ``exec`` runs a command with: as root, as these images have it, in the same file system."""
        nsenter = shutil.which("nsenter") or "nsenter"
        lines = ["#!/bin/sh"]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items() if name.isidentifier()]
        enter = [nsenter, f"--target={pid}", "--mount", "--root", "--wd", "--"]
        lines.append(f'exec {shlex.join(enter)} "$@"')
        script = self.folder / "enter"
        script.touch(mode=0o700)
        script.write_text("\n".join(lines) + "\n")

    def look(self) -> bool:
        """Notice an exit; tell whether the program has ended since the last look."""
        if self.process is None or self.process.poll() is None:
            return False
        self._ended(self.process.returncode)
        return True

    def _ended(self, code: int) -> None:
        assert self.process is not None
        _kill_group(self.process)
        started = self.state.get("running", {}).get("startedAt", now())
        reason = "Completed" if code == 0 else "Error"
        found: dict[str, Any] = {"exitCode": code if code >= 0 else 128 - code, "reason": reason}
        found |= {"startedAt": started, "finishedAt": now(), "containerID": f"testbed://{self.process.pid}"}
        if self.log is not None:
            self.log.close()
            if code and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
                found["message"] = self.log.end()
        self.state, self.ready, self.process = {"terminated": found}, False, None

    def back_off(self) -> None:
        """After an exit: wait before the next start, longer each time."""
        if time.monotonic() - self._started > STEADY:
            self._crashes = 0
        delay = BACKOFF[min(self._crashes, len(BACKOFF) - 1)]
        self._crashes += 1
        self.not_before = time.monotonic() + delay
        self.restarts += 1
        self.last_state = self.state
        if delay:
            self.wait_for("CrashLoopBackOff", f"back-off {delay:.0f}s restarting failed container={self.name}")

    def stop(self, grace: float) -> None:
        """The image's stop signal, and SIGKILL when the grace, in seconds, is over."""
        if self.process is None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._ended(self.process.returncode)

    def status(self) -> Resource:
        found: Resource = {
            "name": self.name,
            "image": self.spec["image"],
            "imageID": "",
            "ready": self.ready,
            "started": self.running,
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last_state,
        }
        if self.process is not None:
            found["containerID"] = f"testbed://{self.process.pid}"
        return found


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
