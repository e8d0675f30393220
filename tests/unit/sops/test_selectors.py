"""Which values the six selectors pick."""

from __future__ import annotations

import pytest

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.comments import attach
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.selectors import Selection
from matrix_secrets.sops.walk import Leaf, walk
from tests.unit.sops.builtintexts import rule

TEXT = """\
top: 1
top_unencrypted: 2
data:
  a: 3
  b_enc: 4
  list:
    - 5
    - c: 6
plain:
  # encrypt the next
  d: 7
  e: 8
  # encrypt all of it
  f:
    g: 9
    h:
      - 10
  i: 11
"""


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ({}, "1 3 4 5 6 7 8 9 10 11"),
        ({"unencrypted_suffix": "p"}, "2 3 4 5 6 7 8 9 10 11"),
        ({"encrypted_suffix": "_enc"}, "4"),
        ({"encrypted_suffix": "a"}, "3 4 5 6"),
        ({"encrypted_regex": "^(data|stringData)$"}, "3 4 5 6"),
        ({"encrypted_regex": "^[a-c]"}, "3 4 6"),
        ({"encrypted_regex": "(?i)^LIST$"}, "5 6"),
        ({"unencrypted_regex": "^(data|plain)$"}, "1 2"),
        ({"encrypted_comment_regex": "encrypt"}, "7 9 10"),
        ({"unencrypted_comment_regex": "encrypt"}, "1 2 3 4 5 6 8 11"),
    ],
    ids=str,
)
def test_what_is_chosen(selector: dict[str, str], chosen: str) -> None:
    stream = parse(TEXT)
    items = walk(stream, Selection.of(rule(selector)), attach(TEXT))
    found = " ".join(item.node.value for item in items if isinstance(item, Leaf) and item.encrypted)
    assert found == chosen


@pytest.mark.parametrize("expression", ["(?=x)", r"\p{Greek}", "a**", "(", "[", "(?<=x)y"])
def test_an_expression_that_is_not_understood_is_refused_by_name(expression: str) -> None:
    with pytest.raises(BadManifestError, match="encrypted_regex"):
        Selection.of(rule({"encrypted_regex": expression}))


def test_only_one_selector_may_be_set() -> None:
    with pytest.raises(BadManifestError, match="only one"):
        Selection.of(rule({"encrypted_regex": "a", "unencrypted_suffix": "b"}))
