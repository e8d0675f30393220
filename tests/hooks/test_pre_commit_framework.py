"""The real pre-commit framework runs both hooks, as ``.pre-commit-hooks.yaml`` describes them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import program

if TYPE_CHECKING:
    from tests.hooks.hooked import Hooked

DESCRIPTION = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
# `language: system`: the command that is installed here is run, and nothing is fetched for an environment of its own.
CONFIGURATION = """\
default_install_hook_types: [pre-commit, pre-push]
repos:
  - repo: {url}
    rev: {revision}
    hooks:
      - {{id: matrix-secrets, language: system}}
      - {{id: matrix-secrets-push, language: system}}
"""


@pytest.fixture
def framework(repository: Hooked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hooked:
    """A repository whose hooks are pre-commit's, and a remote that has all of it."""
    source = tmp_path / "matrix-secrets"
    source.mkdir()
    shutil.copy(DESCRIPTION, source)
    git = ["git", "-C", str(source)]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "hooks"]):
        subprocess.run([*git, *words], check=True)
    revision = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    monkeypatch.setenv("PATH", f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}")
    repository.stage(".pre-commit-config.yaml", CONFIGURATION.format(url=source, revision=revision))
    repository.git("commit", "--quiet", "--message", "hooks")
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "remote.git"], check=True)
    repository.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    repository.git("push", "--quiet", "--set-upstream", "origin", "main")
    installer = [str(program("pre-commit", "pre-commit")), "install"]
    subprocess.run(installer, cwd=repository.repository, check=True, capture_output=True)
    return repository


@pytest.mark.needs("pre-commit")
def test_a_commit(framework: Hooked) -> None:
    framework.stage("README.md", "# a cluster\n")
    framework.taken()
    framework.stage("notes.md", f"{framework.value()}\n")
    framework.write("notes.md", "clean by now\n")
    framework.refused(said="POSTGRES_PASSWORD stands here")


@pytest.mark.needs("pre-commit")
def test_a_push(framework: Hooked) -> None:
    framework.stage("README.md", "# a cluster\n")
    framework.taken()
    assert framework.try_git("push").returncode == 0
    for text in (f"{framework.value()}\n", "clean\n"):
        framework.stage("notes.md", text)
        framework.taken("--no-verify")
    done = framework.try_git("push")
    assert done.returncode != 0
    assert "POSTGRES_PASSWORD stands here since" in done.stdout + done.stderr


@pytest.mark.needs("pre-commit")
def test_ours_beside_theirs(framework: Hooked) -> None:
    framework("hooks", "install")
    framework.stage("notes.md", f"{framework.value()}\n")
    framework.refused(said="POSTGRES_PASSWORD stands here")
    framework.stage("notes.md", "clean\n")
    framework.taken()
