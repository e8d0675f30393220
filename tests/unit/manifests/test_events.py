"""Both parsers give the same, on what Kubernetes manifests hold and on what Hypothesis makes up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.manifests.events import BrokenYamlError, events, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIXTURES = Path(__file__).parents[2] / "fixtures"
VALUES = [
    "plain # c",
    "{x: [1, 'y'], z: \"é😀\"}",
    "|\n    text\n\n    # text\n",
    ">-\n    folded\n    text",
    "&x 'q'",
    "!!str 12",
    "multi\n    line",
]


def shape(of: Callable[..., Iterator[Any]], text: str, *, in_python: bool) -> list[tuple[Any, ...]] | None:
    try:
        return [
            (
                type(event).__name__,
                event.start_mark.index,
                event.end_mark.index,
                getattr(event, "value", None),
                getattr(event, "style", None) or "",
                getattr(event, "anchor", None),
                bool(getattr(event, "flow_style", None)),
            )
            for event in of(text, in_python=in_python)
        ]
    except BrokenYamlError:
        return None


@pytest.mark.parametrize("path", sorted(FIXTURES.rglob("*.yaml")), ids=lambda path: path.name)
def test_both_read_manifests_alike(path: Path) -> None:
    text = path.read_text()
    for of in (events, tokens):
        found = shape(of, text, in_python=False)
        assert found is not None
        assert found == shape(of, text, in_python=True)


@pytest.mark.parametrize(
    "text",
    [
        "a: {image: foo:1.2}",
        "a: [http://x/]",
        "a: [a?b]",
        "a: {args: [--x=y:1]}",
        'a: {"b":1}',
        "%YAML 1.2\n---\na: 1\n",
    ],
)
def test_what_kubernetes_takes_is_taken(text: str) -> None:
    assert shape(events, text, in_python=False) is not None


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "'c d'", "- e"]), st.sampled_from(VALUES)), min_size=1))
def test_they_read_what_manifests_are_made_of_alike(lines: list[tuple[str, str]]) -> None:
    text = "".join(f"k{number}:\n  {key}: {value}\n" for number, (key, value) in enumerate(lines))
    assert shape(events, text, in_python=False) == shape(events, text, in_python=True)
