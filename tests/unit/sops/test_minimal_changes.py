"""One value changed is its line, lastmodified and mac; nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from matrix_secrets.errors import MatrixSecretsError
from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.nodes import Scalar, leaves
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import resources
from matrix_secrets.sops.builtin import BuiltinEngine
from tests.unit.manifests.yamltexts import yaml_texts
from tests.unit.sops.builtintexts import IDENTITY, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDE: Final = Path(__file__).parents[2] / "fixtures" / "guide" / "apps" / "matrix"
BRANCH: Final = rule({"encrypted_regex": "^(data|stringData)$"})
OWN: Final = re.compile(r" *(?:lastmodified|mac): ")


def clock() -> Iterator[datetime]:
    for minute in range(60):
        yield datetime(2024, 1, 31, 12, minute, tzinfo=UTC)


def engine() -> BuiltinEngine:
    ticks = clock()
    return BuiltinEngine(lambda: [IDENTITY], lambda: next(ticks))


def changed(old: str, new: str) -> list[str]:
    """The lines of the new text that differ, number by number."""
    before, after = old.split("\n"), new.split("\n")
    assert len(before) == len(after)
    return [line for one, line in zip(before, after, strict=True) if one != line]


@pytest.mark.parametrize("name", ["postgres.yaml", "synapse.yaml", "element.yaml"])
def test_each_value_of_the_guide(name: str) -> None:
    plain = (GUIDE / name).read_text()
    sops = engine()
    encrypted = sops.encrypt(plain, file=name, rule=BRANCH).text
    stream = parse(plain, name)
    entries = [entry for resource in resources(stream) for entry in resource.entries()]
    assert entries
    for entry in entries[:8]:
        text = entry.embedded().text
        edit = entry.embedded().replaced(text.replace(text[0], text[0] + "x", 1))
        updated = sops.update(encrypted, splice(plain, [edit]), file=name)
        lines = changed(encrypted, updated.text)
        own = [line for line in lines if OWN.match(line)]
        assert len(own) == 2 * len(stream.documents)
        assert len(lines) == len(own) + 1


@given(yaml_texts(comments=False, folded=False), st.data())
def test_one_value_of_any_text(text: str, data: st.DataObject) -> None:
    sops = engine()
    try:
        encrypted = sops.encrypt(text, file="a.yaml", rule=rule()).text
    except MatrixSecretsError:
        assume(False)
        raise
    stream = parse(text)
    words = [
        leaf.node
        for document in stream.documents
        for leaf in leaves(document.root)
        if isinstance(leaf.node, Scalar) and leaf.node.style == "" and leaf.node.value == "word"
    ]
    assume(words)
    node = data.draw(st.sampled_from(words))
    updated = sops.update(encrypted, splice(text, [Edit(node.start, node.end, "another")]), file="a.yaml")
    lines = changed(encrypted.replace("\r\n", "\n"), updated.text.replace("\r\n", "\n"))
    assert len([line for line in lines if not OWN.match(line) and '"lastmodified"' not in line]) <= 1
