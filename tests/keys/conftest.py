from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.keys.team import Team, done_once

if TYPE_CHECKING:
    from pathlib import Path

ENGINES = ("builtin", "binary")


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole job, done once by builtin: every test gets a copy."""
    folder = tmp_path_factory.mktemp("job")
    with pytest.MonkeyPatch.context() as env:
        env.setenv("MATRIX_SECRETS_ENGINE", "builtin")
        env.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        done_once(folder)
    return folder


@pytest.fixture(scope="session")
def job_by_sops(tmp_path_factory: pytest.TempPathFactory, sops_binary: Path) -> Path:
    """The same by the real sops."""
    folder = tmp_path_factory.mktemp("job-by-sops")
    with pytest.MonkeyPatch.context() as env:
        env.setenv("MATRIX_SECRETS_ENGINE", "binary")
        env.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        env.setenv("PATH", f"{sops_binary.parent}{os.pathsep}{os.environ['PATH']}")
        done_once(folder)
    return folder


def copied(job: Path, tmp_path: Path, sops: Path | None = None) -> Team:
    for name in ("cluster", "people"):
        shutil.copytree(job / name, tmp_path / name)
    return Team(tmp_path / "cluster", tmp_path / "people", sops)


@pytest.fixture
def team(job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """The encrypted repository; builtin is the engine."""
    monkeypatch.setenv("MATRIX_SECRETS_ENGINE", "builtin")
    return copied(job, tmp_path)


@pytest.fixture(params=ENGINES)
def either(request: pytest.FixtureRequest, tmp_path: Path, sops_binary: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """The same, by either engine; the real sops is there to check."""
    job = request.getfixturevalue("job_by_sops" if request.param == "binary" else "job")
    monkeypatch.setenv("MATRIX_SECRETS_ENGINE", request.param)
    monkeypatch.setenv("PATH", f"{sops_binary.parent}{os.pathsep}{os.environ['PATH']}")
    return copied(job, tmp_path, sops_binary)
