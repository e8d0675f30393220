from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import Cli, Done
from tests.testbed import flux

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository

APPS = "clusters/home/apps.yaml"
STACK = "apps/kustomization.yaml"


@dataclass
class Running:
    """A command that runs."""

    cluster: Cluster
    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def until_said(self, text: str) -> None:
        """Wait until its output has a text."""
        self.cluster.wait(lambda: text in self.out.read_text() or self.process.poll() is not None, text)
        assert text in self.out.read_text(), self.err.read_text()

    def finish(self) -> Done:
        code = self.process.wait(120)
        return Done(code, self.out.read_text(), self.err.read_text())


@dataclass
class Home:
    """The guide's repository, followed by a real Flux that does not have the stack yet, and the command in it."""

    repository: FluxRepository
    cluster: Cluster
    cli: Cli

    def fill_in(self) -> None:
        """The steps before the cluster: an identity, names, values, ciphertext; nothing is committed."""
        self.cli("keys", "generate")
        self.cli.configure()
        self.cli("generate")
        self.cli("encrypt")

    def own_identity(self) -> Path:
        """The identity that `keys generate` made."""
        return Path(os.environ["XDG_CONFIG_HOME"]) / "sops/age/keys.txt"

    def live_values(self) -> dict[str, str]:
        """What the stack's Secret holds in the cluster."""
        data = self.cluster.api.must_get("v1/Secret", "matrix-secrets", "matrix")["data"]
        return {key: base64.b64decode(text).decode() for key, text in data.items()}

    def touch_owner(self) -> None:
        """Let Flux apply the owner once more."""
        stamp = {"reconcile.fluxcd.io/requestedAt": datetime.now(UTC).isoformat()}
        self.cluster.api.patch(flux.KUSTOMIZATION, "apps", flux.SYSTEM, {"metadata": {"annotations": stamp}})

    def kubeconfig_of_nobody(self, path: Path) -> Path:
        """A kubeconfig whose server is not there."""
        with socket.socket() as closed:
            closed.bind((self.cluster.node_address, 0))
            port = closed.getsockname()[1]
        url = f"https://{self.cluster.node_address}:{port}"
        path.write_text(self.cluster.kubeconfig.read_text().replace(self.cluster.apiserver.server.url, url))
        return path

    def with_passphrase(self, file: Path, *arguments: str) -> None:
        """Run a command that reads a passphrase from file descriptor 7."""
        command = ["sh", "-c", 'exec "$@" 7<"$0"', str(file), sys.executable, "-m", "matrix_secrets", *arguments]
        done = subprocess.run(
            [*command, "--passphrase-fd", "7"], cwd=self.repository.root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def run_fix(self, kubectl: Path, command: str) -> None:
        """Carry out a fix as a person does: in a shell, with the tests' kubectl."""
        path = f"{kubectl.parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.repository.root,
            env={**os.environ, "PATH": path},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (command, done.stderr)

    @contextmanager
    def meanwhile(self, *arguments: str) -> Iterator[Running]:
        """Run a command in the background; what it says is read from files."""
        out, err = self.repository.root.parent / "out", self.repository.root.parent / "err"
        with out.open("wb") as to, err.open("wb") as said:
            command = [sys.executable, "-m", "matrix_secrets", *arguments]
            process = subprocess.Popen(
                command, cwd=self.repository.root, stdout=to, stderr=said, stdin=subprocess.DEVNULL
            )
        try:
            yield Running(self.cluster, process, out, err)
        finally:
            process.kill()
            process.wait()

    def include(self) -> None:
        """Make the stack part of what Flux builds: a commit, not pushed yet."""
        self.repository.edit(STACK, "- matrix/namespace.yaml\n", "- matrix\n")
        self.repository.git("commit", "--quiet", "--message", "The Matrix stack", STACK)

    def in_force(self) -> None:
        """The first push: key and order to decrypt, applied."""
        self.cli("cluster", "install-key", "--yes")
        self.cli("cluster", "enable-decryption", "--push")
        self.cli("cluster", "reconcile")

    def running(self) -> None:
        """The whole way, both pushes."""
        self.fill_in()
        self.in_force()
        self.include()
        self.cli("encrypt", "--push")
        self.cli("cluster", "reconcile")


@pytest.fixture
def quiet_home(guide_repository: FluxRepository, cluster: Cluster) -> Home:
    """Encrypted, not committed; nothing follows the repository: for what needs no Flux."""
    made = Home(guide_repository, cluster, Cli(guide_repository.root))
    made.fill_in()
    return made


@pytest.fixture
def whole_home(guide_repository: FluxRepository, cluster: Cluster) -> Home:
    """Flux follows the repository; the stack's placeholders are in it, and nothing builds them."""
    guide_repository.recreate("postgres", "synapse")
    guide_repository.edit(STACK, "- matrix\n", "- matrix/namespace.yaml\n")
    guide_repository.push("Without the stack")
    guide_repository.bootstrap()
    guide_repository.wait_applied()
    return Home(guide_repository, cluster, Cli(guide_repository.root))


@pytest.fixture
def home(whole_home: Home) -> Home:
    """The same, and Flux does not wait for pods."""
    whole_home.repository.edit(APPS, "  wait: true\n", "")
    whole_home.repository.push("No waiting")
    whole_home.repository.wait_applied()
    return whole_home


@pytest.fixture(params=["builtin", "binary"])
def engine(request: pytest.FixtureRequest, sops_binary: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either engine, for every command of the test; with builtin no sops is on PATH."""
    name = str(request.param)
    monkeypatch.setenv("MATRIX_SECRETS_ENGINE", name)
    if name == "binary":
        monkeypatch.setenv("PATH", f"{sops_binary.parent}{os.pathsep}{os.environ['PATH']}")
    return name
