"""Repositories on disk for tests of stacks: the fixtures, whole or changed, and the plain texts of a plan."""

from __future__ import annotations

import difflib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matrix_secrets.operations.plan import Plan
    from matrix_secrets.sops.engine import Engine
    from matrix_secrets.stack.model import Location, Stack

FIXTURES = Path(__file__).parents[2] / "fixtures"
SECRET = "apps/matrix/postgres.yaml"
SYNAPSE = "apps/matrix/synapse.yaml"
ELEMENT = "apps/matrix/element.yaml"


def no_engine() -> Engine:
    raise AssertionError("plain files need no engine")


def workspace(root: Path) -> Workspace:
    return Workspace(root, root / ".git", no_engine)


def guide(root: Path, name: str = "guide") -> Path:
    """Copy a fixture to a directory that is not there yet."""
    shutil.copytree(FIXTURES / name, root)
    return root


def change(root: Path, file: str, *pairs: tuple[str, str]) -> None:
    """Replace texts of a file, each of which must be there."""
    text = (root / file).read_bytes().decode()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    (root / file).write_bytes(text.encode())


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return root


def only_stack(root: Path) -> Stack:
    (stack,) = find_stacks(workspace(root))
    return stack


def place_of(stack: Stack, name: str, index: int = 0) -> Location:
    return next(secret for secret in stack.managed if secret.name == name).locations[index]


def apply(plan: Plan) -> None:
    for each in plan.writes:
        assert each.new is not None
        each.path.write_bytes(each.new)


def snapshot(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_bytes().decode() for path in root.rglob("*") if path.is_file()}


def changed_lines(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the lines that differ, as pairs of the old and the new one; fails where lines were added or removed."""
    pairs: list[tuple[str, str]] = []
    assert old.keys() == new.keys()
    for name, text in old.items():
        before, after = text.splitlines(keepends=True), new[name].splitlines(keepends=True)
        for tag, start, end, new_start, new_end in difflib.SequenceMatcher(None, before, after).get_opcodes():
            if tag != "equal":
                assert tag == "replace", (name, tag, before[start:end], after[new_start:new_end])
                assert end - start == new_end - new_start, name
                pairs.extend(zip(before[start:end], after[new_start:new_end], strict=True))
    return pairs
