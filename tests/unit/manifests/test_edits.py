"""An edit changes its value and nothing else, whatever stands around it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.nodes import Leaf, Scalar, Stream, leaves
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.render import Slot, respell
from matrix_secrets.manifests.resources import resources
from tests.unit.manifests.yamltexts import yaml_texts

VALUES = st.one_of(
    st.sampled_from(
        ["new", "two words", "12", "true", "", "null", "- x", "a: b", "# c", "it's", '"q"', "ünï 🚀", " x "]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.lists(st.sampled_from(["line", "", "  deeper", "# no comment", "key: value"]), max_size=4).map("\n".join),
)


def all_leaves(stream: Stream) -> list[tuple[int, Leaf]]:
    return [(document.index, leaf) for document in stream.documents for leaf in leaves(document.root)]


def values(stream: Stream) -> list[tuple[object, ...]]:
    return [
        (document, leaf.path, leaf.node.value, bool(leaf.node.style))
        for document, leaf in all_leaves(stream)
        if isinstance(leaf.node, Scalar)
    ]


@given(yaml_texts(), VALUES, st.data())
def test_respelling_changes_one_value(text: str, value: str, data: st.DataObject) -> None:
    stream = parse(text)
    found = [leaf for _, leaf in all_leaves(stream) if isinstance(leaf.node, Scalar)]
    assume(found)
    at = data.draw(st.integers(0, len(found) - 1))
    leaf = found[at]
    assert isinstance(leaf.node, Scalar)
    column = leaf.key.start - (text.rfind("\n", 0, leaf.key.start) + 1) if leaf.key is not None else 0
    slot = Slot(leaf.flow, " " * (column + 2), stream.newline)
    new = splice(text, [Edit(leaf.node.start, leaf.node.end, respell(text, leaf.node, value, slot))])
    again = parse(new)
    expected = values(stream)
    got = values(again)
    assert got[at][:3] == (*expected[at][:2], value)
    assert [one for number, one in enumerate(got) if number != at] == [
        one for number, one in enumerate(expected) if number != at
    ]
    assert new.startswith(text[: leaf.node.start])
    assert new.endswith(text[leaf.node.end :])


INNER = "# head 🚀\nserver_name: \"old\"   # keep\nlist:\n  - a: 'b'\n    password: hunter2\n\nlast: |\n  x\n   y\n"
JSON = '{\n  "a": {"password": "hunter2", "b": [1, 2]},\n  "url": "http:\\/\\/h"\n}\n'


def spelled(inner: str, style: str) -> str:
    lines = [f"    {line}" if line else "" for line in inner.rstrip("\n").split("\n")]
    match style:
        case "'":
            return "'" + inner.replace("'", "''").replace("\n", "\n\n    ") + "'"
        case '"':
            escaped = inner.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{escaped}"'
        case "base64":
            return base64.b64encode(inner.encode()).decode()
        case "|2":
            return "|2\n" + "\n".join(lines)
        case _:
            return style + "\n" + "\n".join(lines)


@pytest.mark.parametrize("style", ["|", "|-", "|+", "|2", "'", '"', "base64"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("inner", [INNER, JSON], ids=["yaml", "json"])
def test_an_edit_within_an_embedded_text_changes_nothing_else(
    style: str, newline: str, ends: bool, bom: str, inner: str
) -> None:
    if style == "'":  # single quotes fold lines and lose their indentation
        inner = "first: 1\npassword: hunter2 # c\nlast: it's\n"
    kind = "Secret" if style == "base64" else "ConfigMap"
    text = f"{bom}# top\n---\nkind: {kind}\nmetadata:\n  name: x\ndata:\n  # before\n  file: {spelled(inner, style)}"
    text = (text + ("\n# after\n---\nkind: Other\n" if ends else "")).replace("\n", newline)
    stream = parse(text, "f.yaml")
    entry = next(iter(resources(stream))).entry("file")
    assert entry is not None
    embedded = entry.embedded()
    parsed = embedded.parsed()
    leaf = next(leaf for leaf in leaves(parsed.documents[0].root) if leaf.path[-1] == "password")
    assert isinstance(leaf.node, Scalar)
    new = respell(embedded.text, leaf.node, "n3w: #1", Slot(leaf.flow, "", "\n"))
    wanted = splice(embedded.text, [Edit(leaf.node.start, leaf.node.end, new)])
    edited = splice(text, embedded.edits([Edit(leaf.node.start, leaf.node.end, new)]))
    after = next(iter(resources(parse(edited, "f.yaml")))).entry("file")
    assert after is not None
    assert after.embedded().text == wanted
    start, end = entry.scalar.start, entry.scalar.end
    assert edited[:start] == text[:start]
    assert edited.endswith(text[end:])
    if style != "base64":
        changed = [pair for pair in zip(text.split(newline), edited.split(newline), strict=True) if pair[0] != pair[1]]
        assert len(changed) == 1
