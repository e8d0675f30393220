"""Keys taken out and items added, in any text: what is parsed afterwards is what was meant, the rest stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.edits import splice
from matrix_secrets.manifests.nodes import Mapping, Node, Scalar, Sequence, find
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import Resource
from matrix_secrets.stack.itemlists import append_item
from matrix_secrets.stack.removal import removal
from matrix_secrets.stack.strategy import Strategy, can_become_recreate, strategy_edits, strategy_of
from tests.unit.manifests.yamltexts import yaml_texts

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Path

ITEM: dict[str, Any] = {"name": "own", "valueFrom": {"secretKeyRef": {"name": "s", "key": "K"}}, "list": ["a", 1]}
FOUND = {"name": "own", "valueFrom": {"secretKeyRef": {"name": "s", "key": "K"}}, "list": ["a", "1"]}


def loaded(node: Node | None) -> Any:  # noqa: ANN401  whatever the text holds
    match node:
        case Scalar(style="|" | ">"):
            return node.value.rstrip()  # blank lines behind it are its own until something stands between
        case Scalar():
            return node.value
        case Mapping():
            return {repr(loaded(key)): loaded(value) for key, value in node.items}
        case Sequence():
            return [loaded(item) for item in node.items]
        case _:
            return None if node is None else repr(node.anchor)


def mappings(node: Node | None, path: Path = ()) -> list[tuple[Path, Mapping]]:
    found = [(path, node)] if isinstance(node, Mapping) and node.items else []
    pairs: list[tuple[Any, Node]] = []
    if isinstance(node, Mapping):
        pairs = [(key.value, value) for key, value in node.items if isinstance(key, Scalar)]
    elif isinstance(node, Sequence):
        pairs = list(enumerate(node.items))
    for key, value in pairs:
        found.extend(mappings(value, (*path, key)))
    return found


def comments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("#")]


@given(yaml_texts(), st.data())
def test_a_key_is_taken_out_and_nothing_else(text: str, data: st.DataObject) -> None:
    stream = parse(text)
    document = data.draw(st.sampled_from(stream.documents))
    candidates = mappings(document.root)
    if not candidates:
        return
    path, mapping = data.draw(st.sampled_from(candidates))
    names = [key.value for key, _ in mapping.items if isinstance(key, Scalar)]
    if not names or len(set(names)) != len(names):
        return
    name = data.draw(st.sampled_from(names))
    new = splice(text, [removal(text, mapping, name)])
    try:
        after = parse(new).documents[document.index].root
    except BadManifestError:
        assert "&" in text  # its anchor went with the value: seal refuses that before
        return
    expected = loaded(document.root)
    target = expected
    for key in path:
        target = target[repr(key) if isinstance(target, dict) else key]
    del target[repr(name)]
    assert loaded(after) == expected


@given(yaml_texts(), st.data())
def test_an_item_is_added_and_nothing_else(text: str, data: st.DataObject) -> None:
    stream = parse(text)
    document = data.draw(st.sampled_from(stream.documents))
    candidates = mappings(document.root)
    if not candidates:
        return
    path, mapping = data.draw(st.sampled_from(candidates))
    lists = [key.value for key, value in mapping.items if isinstance(key, Scalar) and isinstance(value, Sequence)]
    name = data.draw(st.sampled_from([*lists, "new-list"]))
    names = [key.value for key, _ in mapping.items if isinstance(key, Scalar)]
    if len(set(names)) != len(names):
        return
    new = splice(text, [append_item(stream, mapping, name, ITEM, place=Place("f"), after=names[0] if names else None)])
    after = loaded(find(parse(new).documents[document.index].root, path))
    expected = loaded(mapping)
    expected.setdefault(repr(name), []).append({repr(key): value for key, value in _reprs(FOUND).items()})
    assert after == expected
    assert [line for line in comments(text) if line not in comments(new)] == []


def _reprs(value: Any) -> Any:  # noqa: ANN401  the same
    found = {key: _deep(inner) for key, inner in value.items()}
    assert isinstance(found, dict)
    return found


def _deep(value: Any) -> Any:  # noqa: ANN401  the same
    return {repr(key): _deep(inner) for key, inner in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("a: 1\nb: 2  # why\nc: 3\n", "b", "a: 1\n# why\nc: 3\n"),
        ("a:\n  b: 2  # why\n", "a", "{}  # why\n"),
        ("a: |\n  text\nb: 2\n", "a", "b: 2\n"),
        ("a: 1\nb: 2", "b", "a: 1"),
        ("{a: 1, b: 2, c: 3}\n", "b", "{a: 1, c: 3}\n"),
        ("{a: 1, b: 2, c: 3}\n", "a", "{b: 2, c: 3}\n"),
        ("- b: 1\n  c: 2\n", "b", "- c: 2\n"),
    ],
)
def test_removal(text: str, name: str, expected: str) -> None:
    root = parse(text).documents[0].root
    mapping = root.items[0] if isinstance(root, Sequence) else root
    assert isinstance(mapping, Mapping)
    assert splice(text, [removal(text, mapping, name)]) == expected


def deployment(strategy: str) -> Resource:
    text = f"kind: Deployment\nspec:\n  replicas: 1  # one\n{strategy}  template: {{}}\n"
    stream = parse(text, "d.yaml")
    return Resource(stream, stream.documents[0])


STRATEGIES = (
    "",
    "  strategy:\n",
    "  strategy: {}\n",
    "  strategy: {type: RollingUpdate}\n",
    "  strategy:  # why\n    type: RollingUpdate  # so\n",
    "  strategy:\n    type: RollingUpdate\n    rollingUpdate:\n      maxSurge: 25%  # a quarter\n",
    "  strategy:\n    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}\n    type: RollingUpdate\n",
    "  strategy:\n    type: Recreate\n",
)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("wanted", [Strategy.RECREATE, Strategy.STEPPING])
def test_strategies(strategy: str, wanted: Strategy) -> None:
    resource = deployment(strategy)
    edits = strategy_edits(resource, wanted)
    text = splice(resource.stream.text, edits)
    stream = parse(text, "d.yaml")
    after = Resource(stream, stream.documents[0])
    assert strategy_of(after) is wanted
    assert can_become_recreate(after)
    found = loaded(find(after.root, ("spec", "strategy")))
    if wanted is Strategy.RECREATE:
        assert found == {"'type'": "Recreate"}
    else:
        limits = {"'maxSurge'": "0", "'maxUnavailable'": "1"}
        assert found == {"'type'": "RollingUpdate", "'rollingUpdate'": limits}
    assert "# one" in text
    assert [word for word in ("# why", "# so") if word in strategy and word not in text] == []


def test_who_owns_the_limits() -> None:
    assert not can_become_recreate(deployment(""))
    assert not can_become_recreate(deployment("  strategy: {rollingUpdate: {maxSurge: 1}}\n"))
    assert can_become_recreate(deployment("  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}\n"))
