from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.running import Cli

GUIDE = Path(__file__).parent.parent / "fixtures" / "guide"


@pytest.fixture
def empty(tmp_path: Path) -> Cli:
    """A Git repository without a commit."""
    repository = tmp_path / "empty"
    repository.mkdir()
    cli = Cli(repository)
    cli.git("init", "--quiet")
    return cli


@pytest.fixture
def guide(tmp_path: Path) -> Cli:
    """A repository after the guide, every placeholder in it, committed."""
    repository = tmp_path / "cluster"
    shutil.copytree(GUIDE, repository)
    cli = Cli(repository)
    cli.git("init", "--quiet")
    cli.commit_all()
    return cli


@pytest.fixture
def encrypted(guide: Cli) -> Cli:
    """The same after the whole job, committed."""
    guide("keys", "generate")
    guide.configure()
    guide("generate")
    guide("encrypt")
    guide.commit_all()
    return guide
