from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.canary.markers import Markers
from tests.canary.repositories import build
from tests.canary.running import Place, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def markers() -> Markers:
    return Markers.new()


@pytest.fixture(scope="session")
def runner(markers: Markers) -> Iterator[Runner]:
    made = Runner(markers)
    yield made
    made.close()


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, markers: Markers, runner: Runner) -> Path:
    directory = tmp_path_factory.mktemp("canary")
    build(directory, markers, runner)
    return directory


@pytest.fixture
def place_in(templates: Path, tmp_path: Path) -> Callable[[str], Place]:
    """Makes a copy of a state, in place of the one before."""

    def make(state: str) -> Place:
        directory = tmp_path / "place"
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(templates / state, directory, symlinks=True)
        return Place(directory)

    return make
