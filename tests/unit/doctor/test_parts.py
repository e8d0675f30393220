"""A workload is found even where a mistake keeps it from what it should read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from matrix_secrets.operations.doctor.parts import element, synapses
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.workspace import Workspace
from tests.unit.checks.tree import ELEMENT, SYNAPSE, Keyless, filled

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["-config", "-configuration"])
def test_what_runs_what(tmp_path: Path, name: str) -> None:
    tree = filled(tmp_path)
    tree.edit(SYNAPSE, "            name: synapse-config\n", f"            name: synapse{name}\n")
    tree.edit(ELEMENT, "            name: element-config\n", f"            name: element{name}\n")
    stack = find_stacks(Workspace(tree.root, tree.root / ".git", Keyless))[0]
    assert [workload.resource.name for workload in synapses(stack)] == ["synapse"]
    found = element(stack)
    assert found is not None
    assert found.resource.name == "element-web"
