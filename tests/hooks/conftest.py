from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.hooks.hooked import VALUES, Hooked, values_in
from tests.keys.team import GUIDE, POSTGRES, done_once

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole job, done once by builtin: every test gets a copy."""
    folder = tmp_path_factory.mktemp("hooks-job")
    with pytest.MonkeyPatch.context() as env:
        env.setenv("MATRIX_SECRETS_ENGINE", "builtin")
        env.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        done_once(folder)
        plain = Hooked(folder / "cluster", folder / "people")("decrypt", POSTGRES).out
    (folder / "people" / VALUES).write_text(json.dumps(values_in(plain)))
    return folder


@pytest.fixture
def repository(job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hooked:
    """The encrypted repository, all of it committed; no hook yet."""
    monkeypatch.setenv("MATRIX_SECRETS_ENGINE", "builtin")
    for name in ("cluster", "people"):
        shutil.copytree(job / name, tmp_path / name)
    return Hooked(tmp_path / "cluster", tmp_path / "people")


@pytest.fixture
def hooked(repository: Hooked) -> Hooked:
    """The same with hooks and drivers, their attributes committed."""
    repository("hooks", "install")
    repository.git("add", ".gitattributes")
    repository.git("commit", "--quiet", "--message", "drivers", "--no-verify")
    return repository


@pytest.fixture
def guide_with_hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hooked:
    """A repository after the guide, every placeholder in it, committed, with hooks; nothing is encrypted."""
    monkeypatch.setenv("MATRIX_SECRETS_ENGINE", "builtin")
    (tmp_path / "people").mkdir()
    shutil.copytree(GUIDE, tmp_path / "cluster")
    cli = Hooked(tmp_path / "cluster", tmp_path / "people")
    cli.git("init", "--quiet")
    cli.commit_all()
    cli("hooks", "install")
    return cli
