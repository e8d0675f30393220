"""Switches and lists in a homeserver.yaml, set in the text and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.edits import splice
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.optionedit import list_of, set_list, set_switch, take_out
from matrix_secrets.stack.rewriting import Rewrite, compose
from tests.unit.stack.repositories import workspace, write

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.stack.configtext import ConfigText

FILE = "m/synapse.yaml"
HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  homeserver.yaml: |\n"
NAMES = st.lists(st.from_regex(r"[a-z]{1,6}\.(org|net)", fullmatch=True), max_size=5, unique=True)


def config(root: Path, text: str) -> ConfigText:
    body = "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())
    write(root, {FILE: HEAD + body})
    (stack,) = find_stacks(workspace(root))
    (found,) = stack.homeservers
    return found


def edited(root: Path, rewrites: list[Rewrite]) -> str:
    text = (root / FILE).read_text()
    for edits in compose(rewrites).values():
        text = splice(text, edits)
    lines = text.removeprefix(HEAD).splitlines()
    assert all(line.startswith("    ") or not line for line in lines), lines
    return "\n".join(line.removeprefix("    ") for line in lines)


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ("server_name: a", ["b.org"], "server_name: a\nw:\n  - b.org"),
        ("server_name: a", [], "server_name: a\nw: []"),
        ("server_name: a\nw:", ["b.org"], "server_name: a\nw: [b.org]"),
        ("server_name: a\nw: null # all", ["b.org"], "server_name: a\nw: [b.org] # all"),
        ("w: [b.org, c.org] # two\nserver_name: a", ["c.org"], "w: [c.org] # two\nserver_name: a"),
        ("w: []\nserver_name: a", ["c.org"], "w: [c.org]\nserver_name: a"),
        (
            "w:\n- b.org # one\n- c.org # two\nserver_name: a",
            ["d.org", "c.org"],
            "w:\n- d.org # one\n- c.org # two\nserver_name: a",
        ),
        ("w:\n  - b.org\n  # why\n  - 'c.org'\nserver_name: a", ["c.org"], "w:\n  # why\n  - 'c.org'\nserver_name: a"),
        ("server_name: a\nw:\n  - b.org # x", ["b.org", "c.org"], "server_name: a\nw:\n  - b.org # x\n  - c.org"),
        ("w: # why\n  - b.org # x\nserver_name: a", [], "w: [] # x\nserver_name: a"),
    ],
)
def test_a_list(tmp_path: Path, before: str, wanted: list[str], after: str) -> None:
    found = config(tmp_path, before)
    assert edited(tmp_path, set_list(found, "w", wanted)) == after
    assert set_list(config(tmp_path, after), "w", wanted) == []


@given(start=NAMES, wanted=NAMES, flow=st.booleans(), deep=st.booleans(), last=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_list_becomes_any_other(
    tmp_path: Path, start: list[str], wanted: list[str], *, flow: bool, deep: bool, last: bool
) -> None:
    indent = "  " if deep else ""
    block = "".join(f"\n{indent}- {name}  # {name}" for name in start)
    value = f"w: [{', '.join(start)}]" if flow or not start else f"w:{block}"
    found = config(tmp_path, f"server_name: a\n{value}" if last else f"{value}\nserver_name: a")
    rewrites = set_list(found, "w", wanted)
    new = yaml.safe_load(edited(tmp_path, rewrites))
    assert sorted(new["w"]) == sorted(wanted)
    assert new["server_name"] == "a"
    assert set(new) == {"w", "server_name"}


def test_what_is_no_list_is_refused(tmp_path: Path) -> None:
    for text in ("w: b.org", "w: {b: c}", "w: [[b]]", "x: &x b\nw: [*x]"):
        found = config(tmp_path, f"server_name: a\n{text}")
        with pytest.raises(BadManifestError):
            list_of(found, "w")
        with pytest.raises(BadManifestError):
            set_list(found, "w", ["b.org"])


def test_taken_out(tmp_path: Path) -> None:
    found = config(tmp_path, "server_name: a\nw:\n  - b.org\n  - c.org\nx: 1")
    assert edited(tmp_path, list(take_out(found, "w"))) == "server_name: a\nx: 1"
    assert list(take_out(config(tmp_path, "server_name: a"), "w")) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("server_name: a\nx: true  # now", "server_name: a\nx: false  # now"),
        ('server_name: a\nx: "yes"', "server_name: a\nx: false"),
        ("server_name: a\nx:", "server_name: a\nx: false"),
        ("server_name: a\ny: 1\nz: 2", "server_name: a\ny: 1\nx: false\nz: 2"),
    ],
)
def test_a_switch(tmp_path: Path, before: str, after: str) -> None:
    found = config(tmp_path, before)
    assert edited(tmp_path, [set_switch(found, "x", on=False, after="y")]) == after


def test_a_switch_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadManifestError):
        set_switch(config(tmp_path, "server_name: a\nx: [1]"), "x", on=True)
