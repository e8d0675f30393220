from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.manifests.nodes import text_at
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.goregexp import compile_expression
from matrix_secrets.sops.ruletext import expression, path_regex_for

NAMES = st.text("ab./-\\^$(|[é +", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (["apps/matrix/synapse.yaml", "apps/matrix/postgres.yaml"], r"^apps/matrix/(postgres|synapse)\.yaml$"),
        (["apps/matrix/postgres.yaml"], r"^apps/matrix/postgres\.yaml$"),
        (["a.yaml", "b.yml"], r"^(a\.yaml|b\.yml)$"),
        (["apps/a/x.yaml", "apps/b/x.yaml"], r"^apps/(a/x|b/x)\.yaml$"),
        (["x/a.yaml", "x/a.yaml", "x/aa.yaml"], r"^x/(a|aa)\.yaml$"),
        (["x/.yaml", "x/a.yaml"], r"^x/(\.yaml|a\.yaml)$"),
    ],
)
def test_files_are_named(files: list[str], wanted: str) -> None:
    assert path_regex_for(files) == wanted


@given(files=st.lists(NAMES, min_size=1, max_size=4), other=NAMES)
def test_matches_these_files_and_no_other(files: list[str], other: str) -> None:
    pattern = path_regex_for(files)
    assert path_regex_for(list(reversed(files))) == pattern
    for read in (re.compile(pattern), compile_expression(pattern)):
        assert all(read.search(file) for file in files)
        assert (read.search(other) is not None) == (other in files)


@given(text=st.text("^ab:#'\"|\\ \né$", min_size=1))
def test_expression_is_read_as_it_was_meant(text: str) -> None:
    assert text_at(parse(f"a: {expression(text)}\n").documents[0].root, ("a",)) == text
