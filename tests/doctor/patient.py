"""A stack that runs on the testbed, to be broken, looked at with doctor, and mended as doctor says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.testbed import repository as repositories

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.testbed.api import Resource
    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository

OWNER = "clusters/home/apps.yaml"
POSTGRES, SYNAPSE, ELEMENT = (f"apps/matrix/{name}.yaml" for name in ("postgres", "synapse", "element"))
DECRYPTION = "  decryption: {provider: sops, secretRef: {name: sops-age}}\n"
PATIENCE = 240  # seconds
POLL = 1.0  # seconds between two looks: each is a process of its own


@dataclass(frozen=True)
class Report:
    """What doctor said."""

    code: int
    found: dict[str, Any]
    text: str

    @property
    def states(self) -> dict[str, str]:
        return {each["link"]: each["state"] for each in self.found["links"]}

    @property
    def broken(self) -> list[str]:
        return [name for name, state in self.states.items() if state == "broken"]

    @property
    def errors(self) -> list[str]:
        return [each["id"] for each in self.found["findings"] if each["severity"] == "error"]

    @property
    def ids(self) -> set[str]:
        return {each["id"] for each in self.found["findings"]}

    def because(self, link: str) -> list[str]:
        found: list[str] = next(each["because"] for each in self.found["links"] if each["link"] == link)
        return found

    def one(self, name: str) -> dict[str, str]:
        """The finding of that id, of which there is one."""
        found: list[dict[str, str]] = [each for each in self.found["findings"] if each["id"] == name]
        assert len(found) == 1, self.text
        return found[0]


@dataclass(frozen=True)
class Patient:
    """The stack: its repository, its cluster, and the user's home and programs."""

    cluster: Cluster
    repository: FluxRepository
    home: Path
    programs: Path
    secrets: list[str] = field(default_factory=list)  # values that no output may hold

    @property
    def keys(self) -> Path:
        return self.home / ".config/sops/age/keys.txt"

    def environment(self, **more: str) -> dict[str, str]:
        own = {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config"), "GIT_CONFIG_GLOBAL": os.devnull}
        own |= {"KUBECONFIG": str(self.cluster.kubeconfig), "PATH": f"{self.programs}:{os.environ['PATH']}"}
        return {**os.environ, **own, **more}

    def shell(self, command: str, **more: str) -> str:
        """Run a command line, a fix above all, as a user would in the repository."""
        done = subprocess.run(  # noqa: S602  fixes are command lines
            command,
            shell=True,
            cwd=self.repository.root,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def text(self, *arguments: str, code: int = 0, **more: str) -> str:
        """What a command of ours prints, on either stream."""
        done = subprocess.run(
            [sys.executable, "-m", "matrix_secrets", "--engine", "builtin", *arguments],
            cwd=self.repository.root,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def doctor(self, *arguments: str, **more: str) -> Report:
        command = [sys.executable, "-m", "matrix_secrets", "--engine", "builtin", "doctor", "--json", *arguments]
        done = subprocess.run(
            command,
            cwd=self.repository.root,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout, done.stderr
        text = done.stdout + done.stderr
        assert not [value for value in self.secrets if value in text]
        assert "ENC[" not in text
        assert "AGE-SECRET-KEY" not in text
        return Report(done.returncode, json.loads(done.stdout), text)

    def holds(self, *links: str, **more: str) -> Report:
        """Look until these links hold; without any, until all do."""
        end = time.monotonic() + PATIENCE
        while True:
            report = self.doctor(**more)
            wanted = links or tuple(report.states)
            if all(report.states[link] == "holds" for link in wanted):
                return report
            assert time.monotonic() < end, report.text
            time.sleep(POLL)

    def finds(self, name: str, *arguments: str, **more: str) -> Report:
        """Look until doctor finds this: what was broken takes a moment to show."""
        end = time.monotonic() + PATIENCE
        while True:
            report = self.doctor(*arguments, **more)
            if name in report.ids:
                return report
            assert time.monotonic() < end, report.text
            time.sleep(POLL)

    def kubectl(self, command: str) -> str:
        return self.shell(f"kubectl {command}")

    def api(self, kind: str, name: str, namespace: str = "matrix") -> Resource:
        return self.cluster.api.must_get(kind, name, namespace)

    def push(self, message: str = "Change") -> str:
        return self.repository.push(message)

    def edit(self, file: str, old: str, new: str) -> None:
        self.repository.edit(file, old, new)

    def remark(self, file: str) -> None:
        """Add a comment: a change that changes nothing in the cluster."""
        path = self.repository.root / file
        path.write_text(f"# a remark\n{path.read_text()}")

    def remember(self) -> None:
        """Learn the values that the stack has now."""
        plain = self.shell(f"matrix-secrets --engine builtin decrypt {POSTGRES}")
        self.secrets.extend(re.findall(r"\b[0-9a-f]{64}\b", plain))

    def edit_plain(self, file: str, change: Callable[[str], str]) -> None:
        """Change the plain text of an encrypted file, as `matrix-secrets edit` does."""
        script = self.home / "editor.py"
        new = change(self.shell(f"matrix-secrets --engine builtin decrypt {file}"))
        (self.home / "new.yaml").write_text(new)
        script.write_text(f"import shutil, sys; shutil.copyfile({str(self.home / 'new.yaml')!r}, sys.argv[-1])\n")
        self.shell(f"matrix-secrets --engine builtin edit {file}", EDITOR=f"{sys.executable} {script}")
        (self.home / "new.yaml").unlink()


def admit(cluster: Cluster, root: Path, kubectl: Path) -> Patient:
    """Make a healthy stack, by the commands and, where those stop, the guide's: encrypted, applied, running."""
    cluster.reset()
    home, programs = root / "home", root / "programs"
    for folder in (home, programs):
        folder.mkdir()
    (programs / "kubectl").symlink_to(kubectl)
    (programs / "matrix-secrets").write_text(f'#!/bin/sh\nexec {sys.executable} -m matrix_secrets "$@"\n')
    (programs / "matrix-secrets").chmod(0o755)
    patient = Patient(cluster, repositories.clone(cluster, root / "home-cluster"), home, programs)
    patient.repository.recreate("postgres", "synapse")
    patient.edit(OWNER, "  path: ./apps\n", f"  path: ./apps\n{DECRYPTION}")
    # Flux looks at a new commit only after it has given up the one before, whose pods are broken.
    patient.edit(OWNER, "  timeout: 3m0s\n  retryInterval: 1m0s\n", "  timeout: 30s\n  retryInterval: 3s\n")
    ours = "matrix-secrets --engine builtin --yes"
    patient.shell(f"{ours} keys generate")
    patient.shell(f"{ours} configure --server-name {repositories.ADDRESS} --node-ip {repositories.ADDRESS}")
    patient.shell(f"{ours} generate")
    patient.shell(f"{ours} encrypt")
    patient.kubectl(f"create secret generic sops-age -n flux-system --from-file=age.agekey={patient.keys}")
    patient.remember()
    patient.push("The stack, encrypted")
    patient.repository.bootstrap()
    patient.repository.wait_applied(seconds=PATIENCE)
    return patient
