from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import Cli

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository

APPS = "clusters/home/apps.yaml"
STACK = "apps/kustomization.yaml"


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
def whole_home(guide_repository: FluxRepository, cluster: Cluster) -> Home:
    """Flux follows the repository; the stack's placeholders are in it, and nothing builds them."""
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
