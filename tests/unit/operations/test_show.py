from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from matrix_secrets.errors import UsageError
from matrix_secrets.operations.show import shown_secrets
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.model import ValueState
from tests.unit.stack.repositories import SECRET, SYNAPSE, change, guide, workspace

if TYPE_CHECKING:
    from pathlib import Path


def test_rows(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    for file, key in ((SECRET, "POSTGRES_PASSWORD"), (SYNAPSE, "password")):
        change(root, file, (f" {key}: CHANGE_ME_BEFORE_DEPLOY", f" {key}: canary-7f3a"))
    rows = shown_secrets(find_stacks(workspace(root)))
    assert [(row.name, row.state, row.agrees) for row in rows] == [
        ("POSTGRES_PASSWORD", ValueState.SET, True),
        ("SYNAPSE_MACAROON_SECRET_KEY", ValueState.PLACEHOLDER, False),
        ("SYNAPSE_REGISTRATION_SHARED_SECRET", ValueState.PLACEHOLDER, False),
        ("SYNAPSE_FORM_SECRET", ValueState.PLACEHOLDER, False),
    ]
    assert [place.place.file for place in rows[0].places] == [SECRET, SYNAPSE]
    assert not any(place.encrypted for place in rows[0].places)
    assert rows[0].value is not None
    assert rows[0].value.reveal() == "canary-7f3a"
    assert "canary" not in f"{rows}{rows!r}"
    assert rows[0].age is None


def test_disagreement_has_no_value(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SECRET, (" POSTGRES_PASSWORD: CHANGE_ME_BEFORE_DEPLOY", " POSTGRES_PASSWORD: one"))
    change(root, SYNAPSE, (" password: CHANGE_ME_BEFORE_DEPLOY", " password: two"))
    (row,) = shown_secrets(find_stacks(workspace(root)), ["postgres-password"])
    assert (row.agrees, row.value) == (False, None)


def test_names(tmp_path: Path) -> None:
    stacks = find_stacks(workspace(guide(tmp_path / "r")))
    assert [row.name for row in shown_secrets(stacks, ["form_secret"])] == ["SYNAPSE_FORM_SECRET"]
    with pytest.raises(UsageError, match="no managed secret called admin"):
        shown_secrets(stacks, ["admin"])
