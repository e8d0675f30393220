"""A repository in the guide's own layout, in a home of its own, and the installed command to run on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parent.parent / "fixtures"
ADDRESS = "192.168.1.100"


@dataclass
class Site:
    """A Git repository and the way to run commands in it. ``engine`` is empty for the default."""

    root: Path
    home: Path
    engine: str = ""
    stack: str = "apps/matrix"
    path: list[str] = field(default_factory=list)

    def env(self) -> dict[str, str]:
        env = {**os.environ, "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config"), "LC_ALL": "C.UTF-8"}
        env["PATH"] = os.pathsep.join([*self.path, "/usr/local/bin", "/usr/bin", "/bin"])
        if self.engine:
            env["MATRIX_SECRETS_ENGINE"] = self.engine
        return env

    def run(self, *args: str, code: int = 0, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "matrix_secrets", *args]
        done = subprocess.run(
            command, cwd=self.root, env=self.env(), input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{args}: {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *args: str, code: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*args, "--json", code=code).stdout)
        return found

    def git(self, *args: str) -> str:
        return subprocess.run(
            ["git", *args], cwd=self.root, env=self.env(), capture_output=True, text=True, check=True
        ).stdout

    def tree(self) -> dict[str, bytes]:
        """Every file outside of .git with its bytes."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(self.root).parts
        }

    def encrypted_stack(self) -> None:
        """The guide's way, up to encrypted files."""
        self.run("keys", "generate")
        self.run("configure", "--server-name", ADDRESS, "--node-ip", ADDRESS)
        self.run("generate")
        self.run("encrypt")


def make_site(directory: Path, fixture: str, engine: str, programs: list[str]) -> Site:
    stack = {"guide": "apps/matrix", "split": "kubernetes/chat"}[fixture]
    site = Site(directory / "cluster", directory / "home", engine, stack, programs)
    site.home.mkdir(parents=True)
    shutil.copytree(FIXTURES / fixture, site.root)
    site.git("init", "--quiet", "--initial-branch=main")
    site.git("add", "--all")
    site.git("commit", "--quiet", "--message=The guide's manifests")
    return site


@pytest.fixture(params=["builtin", "binary"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["guide", "split"])
def site(request: pytest.FixtureRequest, tmp_path: Path, engine: str, sops_binary: Path) -> Site:
    programs = [str(sops_binary.parent)] if engine == "binary" else []
    return make_site(tmp_path, str(request.param), engine, programs)


@pytest.fixture
def guide(tmp_path: Path) -> Site:
    """The guide's repository on a machine without sops."""
    return make_site(tmp_path, "guide", "builtin", [])
