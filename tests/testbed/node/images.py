"""Which real program plays which image, and how it is started there."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.accounts import SYNAPSE, unprivileged
from tests.testbed.node.values import expand
from tests.testbed.node.volumes import Bind

if TYPE_CHECKING:
    from tests.testbed.api import Resource
    from tests.testbed.programs import Programs

HERE = Path(__file__).resolve().parent
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOBODY = 65534
SOCKETS = "/var/run/postgresql"


@dataclass(frozen=True, slots=True)
class Start:
    """How a container's program is started. ``user`` is None for root."""

    command: tuple[str, ...]
    path: str = SYSTEM_PATH
    variables: dict[str, str] = field(default_factory=dict)
    binds: tuple[Bind, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    user: int | None = None
    group: int | None = None
    directory: str = "/"
    stop_signal: signal.Signals = signal.SIGTERM
    socket: str = ""


@dataclass(frozen=True, slots=True)
class Images:
    """Knows the real programs. ``server`` is the API server's host and port, ``account`` a service account's files."""

    programs: Programs
    server: tuple[str, int]
    account: Path

    def start(self, container: Resource, variables: dict[str, str], address: str) -> Start | None:
        """How to start a container at a pod's address; None when nothing plays its image."""
        name = container["image"].partition("@")[0].rpartition("/")[2].partition(":")[0]
        arguments = [expand(one, variables) for one in container.get("args") or ()]
        command = [expand(one, variables) for one in container.get("command") or ()]
        match name:
            case "postgres":
                return self._postgres(command, arguments, address)
            case "synapse":
                return self._synapse(command, arguments, variables, address)
            case "element-web":
                return self._element(address)
            case "kustomize-controller":
                return self._flux(arguments, address)
            case _:
                return None

    def _postgres(self, command: list[str], arguments: list[str], address: str) -> Start:
        folder = self.programs["initdb"].parent
        account = unprivileged()
        who = {"TESTBED_USER": str(account.pw_uid), "TESTBED_GROUP": str(account.pw_gid)} if account else {}
        entry = "/testbed/postgres.sh"
        serves = not command
        options = arguments[1:] if arguments[:1] == ["postgres"] else arguments
        return Start(
            ("/bin/sh", entry, *options) if serves else (*command, *arguments),
            path=f"{folder}:{SYSTEM_PATH}",
            variables={**who, "TESTBED_POD_ADDRESS": address},
            binds=_programs(folder),
            files={entry: (HERE / "postgres.sh").read_text()},
            folders={SOCKETS: "1777"},
            stop_signal=signal.SIGINT if serves else signal.SIGTERM,  # as the image says: a fast shutdown
            socket=f"{SOCKETS}/.s.PGSQL.5432" if serves else "",
        )

    def _synapse(self, command: list[str], arguments: list[str], variables: dict[str, str], address: str) -> Start:
        python = self.programs["synapse-python"]
        home = python.parent.parent
        folder = variables.get("SYNAPSE_CONFIG_DIR", "/data")
        config = variables.get("SYNAPSE_CONFIG_PATH", f"{folder}/homeserver.yaml")
        options = arguments[1:] if arguments[:1] == ["run"] else arguments
        run = (str(python), "-m", "synapse.app.homeserver", "--config-path", config, *options)
        return Start(
            (*command, *arguments) if command else run,
            path=f"{python.parent}:{SYSTEM_PATH}",
            variables={"PYTHONPATH": "/testbed", "TESTBED_POD_ADDRESS": address},
            binds=(*_programs(home), *_programs(Path(sys.base_prefix).resolve())),
            files={"/testbed/sitecustomize.py": (HERE / "sitecustomize.py").read_text()},
            user=None if command else SYNAPSE,
            group=None if command else SYNAPSE,
        )

    def _element(self, address: str) -> Start:
        python = Path(sys.executable).resolve()
        return Start(
            (str(python), "-I", "-u", "-m", "http.server", "--bind", address, "--directory", "/app", "80"),
            binds=_programs(Path(sys.base_prefix).resolve()),
            files={"/app/index.html": "<!DOCTYPE html><title>Element</title>\n"},
        )

    def _flux(self, arguments: list[str], address: str) -> Start:
        program = self.programs["kustomize-controller"]
        listening = ("--events-addr=", f"--metrics-addr={address}:8080", f"--health-addr={address}:9440")
        return Start(
            ("/testbed/kustomize-controller", *arguments, *listening),
            variables={"KUBERNETES_SERVICE_HOST": self.server[0], "KUBERNETES_SERVICE_PORT": str(self.server[1])},
            binds=(
                Bind(program, "/testbed/kustomize-controller", read_only=True),
                Bind(self.account, "/var/run/secrets/kubernetes.io/serviceaccount", read_only=True),
            ),
            user=NOBODY,
            group=NOBODY,
        )


def _programs(folder: Path) -> tuple[Bind, ...]:
    """A folder of programs at its own path, unless the system's folders hold it anyway."""
    return () if folder.is_relative_to("/usr") else (Bind(folder, str(folder), read_only=True),)
