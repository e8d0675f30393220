"""Comments and the branches that go-yaml v3 puts them in. Expected places were printed by sops 3.13.3's own store."""

from __future__ import annotations

import pytest
from hypothesis import given

from matrix_secrets.manifests.comments import NodeComments, attach
from matrix_secrets.manifests.parse import parse
from tests.unit.manifests.yamltexts import yaml_texts


def flat(node: NodeComments) -> list[int]:
    found: list[int] = []
    pending = [node]
    while pending:
        one = pending.pop()
        found += [number for number in (*one.head, *one.line, *one.foot) if number >= 0]
        pending += one.children
    return found


@given(yaml_texts())
def test_every_comment_is_found_once_and_given_to_one_node_at_most(text: str) -> None:
    attached = attach(text)
    spans = [(comment.start, comment.end) for comment in attached.comments]
    assert spans == sorted(spans)
    assert all(text[start] == "#" and "\n" not in text[start:end] for start, end in spans)
    numbers = [number for document in attached.documents if document is not None for number in flat(document)]
    assert len(numbers) == len(set(numbers))
    assert len(attached.documents) == len(parse(text).documents)


@given(yaml_texts())
def test_the_tree_of_comments_has_the_shape_of_the_tree_of_nodes(text: str) -> None:
    from matrix_secrets.manifests.nodes import Mapping, Sequence  # noqa: PLC0415

    for document, about in zip(parse(text).documents, attach(text).documents, strict=True):
        assert about is not None
        pending = [(document.root, about.children[0])]
        while pending:
            node, comments = pending.pop()
            match node:
                case Mapping():
                    children = [part for pair in node.items for part in pair]
                case Sequence():
                    children = list(node.items)
                case _:
                    children = []
            assert len(comments.children) == len(children)
            pending += zip(children, comments.children, strict=True)


CASES = [
    # the text, and for each comment the key of the branch that it is in ("" for the top level)
    ("# head\n\na: 1\n", {"head": ""}),
    ("a: # line\n  b: 1\n", {"line": ""}),
    ("a:\n  # c\n  b: 1\n", {"c": "a"}),
    ("a:\n  b: 1 # c\n", {"c": "a"}),
    ("a:\n  b: 1\n# c\n  d: 2\n", {"c": "a"}),
    ("a:\n  b: 1\n  # c\nd: 2\n", {"c": "a"}),
    ("a:\n  b: 1\n\n# c\nd: 2\n", {"c": ""}),
    ("a:\n  b: 1\n# c\nd: 2\n", {"c": ""}),
    ("a: |  # c\n  text\n", {"c": ""}),
    ("a:\n  b: | # c\n    text\n", {"c": "a"}),
    ("a:\n  - 1\n  # c\n  - 2\n", {"c": "a"}),
    ("a: {b: 1, # c\n    d: 2}\n", {"c": "a"}),
    ("a:\n  b: 1\n  # c", {"c": "a"}),
    ("a:\n  b: 1\n# c\n---\nd: 1\n", {"c": ""}),
    ("a: 1\n--- # c\nb: 1\n", {"c": ""}),
]


@pytest.mark.parametrize(("text", "branches"), CASES, ids=[repr(text) for text, _ in CASES])
def test_the_branch_of_a_comment(text: str, branches: dict[str, str]) -> None:
    from matrix_secrets.sops.creationrules import CreationRule  # noqa: PLC0415  (paths are sops's business)
    from matrix_secrets.sops.selectors import Selection  # noqa: PLC0415
    from matrix_secrets.sops.treeitems import Remark  # noqa: PLC0415
    from matrix_secrets.sops.walk import walk  # noqa: PLC0415

    attached = attach(text)
    found = {
        text[comment.start + 1 : comment.end].strip(): item.aad.strip(":")
        for item in walk(parse(text), Selection.of(CreationRule("", ())), attached)
        if isinstance(item, Remark)
        for comment in [attached.comments[item.number]]
    }
    assert found == branches
