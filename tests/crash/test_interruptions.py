"""Every command, interrupted at every call to the system; `make crash` prints the same as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crash import results
from crashing import calls
from crashing.scenarios import SCENARIOS, THEIRS, Scenario
from crashing.trials import Trials

if TYPE_CHECKING:
    from pathlib import Path


def named(scenario: Scenario) -> str:
    return scenario.name


@pytest.mark.parametrize("scenario", SCENARIOS, ids=named)
def test_nothing_is_lost(scenario: Scenario, sops_binary: Path) -> None:
    found = list(results([scenario], sops_binary))
    assert [result for result in found if result.lost] == []
    assert len(found) > 100
    assert {result.kind for result in found} == {"old", "new"}


@pytest.mark.parametrize("scenario", [each for each in THEIRS if each.name == "sops rotate -i"], ids=named)
def test_the_same_trials_see_what_sops_loses(scenario: Scenario, sops_binary: Path) -> None:
    assert [result for result in results([scenario], sops_binary) if result.lost]


@pytest.mark.parametrize(
    "scenario", [each for each in SCENARIOS if each.name in ("encrypt", "keys remove", "seal")], ids=named
)
def test_what_is_renamed_was_synced_before_and_its_directory_after(
    scenario: Scenario, tmp_path: Path, sops_binary: Path
) -> None:
    trials = Trials(scenario, tmp_path, sops_binary)
    trials.close()
    seen = trials.trace.calls
    renamed = [(at, file) for at, (name, file) in enumerate(seen) if name in calls.MOVES and file.endswith(".tmp")]
    assert len(renamed) >= 2
    for at, file in renamed:
        written = max(number for number, (name, other) in enumerate(seen) if other == file and name in calls.WRITES)
        assert any(name in calls.SYNCS and other == file for name, other in seen[written:at])
        directory = file.rpartition("/")[0]
        assert any(name in calls.SYNCS and other == directory for name, other in seen[at:])
