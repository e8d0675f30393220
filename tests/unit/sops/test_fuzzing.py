"""What the fuzzer starts from, and what it found: every property holds for it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from fuzz import NAMES
from fuzzing.targets import TARGETS, seeds

FINDINGS: Final = sorted(path for path in (Path(__file__).parents[2] / "data" / "fuzz").glob("*-*"))


def test_every_target_is_fuzzed() -> None:
    assert tuple(TARGETS) == NAMES


@pytest.mark.parametrize("target", TARGETS)
def test_every_seed(target: str) -> None:
    for seed in seeds(target):
        TARGETS[target](seed)


@pytest.mark.parametrize("path", FINDINGS, ids=[path.name for path in FINDINGS])
def test_every_finding(path: Path) -> None:
    TARGETS[path.name.partition("-")[0]](path.read_bytes())
