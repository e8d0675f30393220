"""Regular expressions as Go reads them: the real sops is asked which rule is the first to match."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matrix_secrets.errors import RefusedError
from matrix_secrets.sops.creationrules import rules_of
from tests.sops.rules_interop.asking_sops import ALICE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.sops.rules_interop.asking_sops import Answer

CHARS = "aKs/._1-é\n"
SINGLE = [
    *"aKks/_1-",
    r"\.", ".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\x61", r"\x{4b}", r"\141", r"\n", r"\_", "é", "{", "}", "]",
    "[a-k]", "[^a/]", "[]a]", "[^]a]", "[a-]", "[-a]", "[[:alpha:]]", "[^[:alnum:]]", "[[:^digit:]s]", r"[\w.]",
    r"[^\W]", r"[\]a]", "[a&&k]", "[[a]", "[--/]", r"\Qa.\E", r"\Q\E", "{,2}", "{2",
]  # fmt: skip
EMPTY = ["^", "$", r"\A", r"\z", r"\b", r"\B", "", "(?i)", "(?s)", "(?m)", "(?-i)", "(?U)", "(?i-s)"]
BROKEN = [
    r"\Z",
    r"\8",
    r"\p",
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    "(?P=x)",
    "(?>a)",
    "[[:foo:]]",
    "[a",
    "(",
    ")",
    "[b-a]",
    r"\C",
]
BROKEN += [
    r"\y",
    "[a-\\d]",
    "(?P<>a)",
    "(?P<x-y>a)",
    "(?x)a",
    "(?i",
    "\\",
    "(?-)",
    r"\x{110000}",
    r"\xg",
    "*",
    "a|*",
    "a{2,1}",
]
REPEATS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,}", "{0,2}", "{1,2}?", "{0}"]
BROKEN += ["a**", "a+*", "a{2}{3}", "a*?*", "a++", "a{1001}", "a{2,1001}", "((a{20}){20}){20}", "(a{500}){3}"]


def groups(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    opened = st.sampled_from(["(", "(?:", "(?P<n>", "(?<n1>", "(?i:", "(?s:", "(?m:", "(?-i:", "(?is-m:"])
    group = st.builds(lambda head, body: f"{head}{body})", opened, inner)
    repeated = st.builds(lambda body, repeat: f"(?:{body}){repeat}", inner, st.sampled_from(REPEATS))
    either = st.builds(lambda left, right: f"{left}|{right}", inner, inner)
    row = st.builds("".join, st.lists(inner, min_size=2, max_size=3))
    return st.one_of(group, repeated, either, row)


def atoms() -> st.SearchStrategy[str]:
    single = st.sampled_from(SINGLE)
    repeated = st.builds(lambda one, repeat: one + repeat, single, st.sampled_from(REPEATS))
    return st.one_of(single, repeated, st.sampled_from(EMPTY))


expressions = st.one_of(st.recursive(atoms(), groups, max_leaves=8), st.recursive(atoms(), groups, max_leaves=3))
paths = st.text(CHARS, min_size=1, max_size=6).filter(lambda path: path == path.strip("/.\n") and "//" not in path)


def rules_file(each: Sequence[str]) -> str:
    rules = [
        {"path_regex": one, "age": ALICE, "encrypted_suffix": f"_{number}"} for number, one in enumerate(each) if one
    ]
    return json.dumps({"creation_rules": rules}, ensure_ascii=True)


def agree(ask: Callable[[str, str], Answer], root: Path, each: Sequence[str], path: str) -> int | None:
    """Ask both which rule is the first to match, and return its index."""
    text = rules_file(each)
    theirs = ask(text, path)
    rules = rules_of(root, text)
    assert rules is not None
    rule, refused = None, ""
    try:
        rule = rules.rule_for(path)
    except RefusedError as error:
        refused = str(error)
    if refused:
        assert "regexp" in theirs.refused or "not understood here" in refused, (each, path, refused)
        return None
    if rule is None:
        assert "no matching creation rules" in theirs.refused, (each, path)
        return None
    assert rule.selector == theirs.selector, (each, path, theirs.refused)
    return rule.index


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(each=st.lists(expressions, min_size=1, max_size=8), path=paths)
def test_first_match_is_that_of_sops(
    each: list[str], path: str, ask: Callable[[str, str], Answer], tmp_path: Path
) -> None:
    agree(ask, tmp_path, each, path)


@pytest.mark.parametrize("expression", BROKEN)
def test_what_go_refuses_is_refused(expression: str, ask: Callable[[str, str], Answer], tmp_path: Path) -> None:
    agree(ask, tmp_path, [expression], "apps/x.yaml")


@pytest.mark.parametrize(
    "path", ["a", "aK", "k", "\u212a", "\u017f", "a.s", "a\n", "\na", "1", "_", "é", "a{,2}", "-", "]"]
)
@pytest.mark.parametrize("flags", ["", "(?i)", "(?s)"])
def test_every_construct_on_its_own(path: str, flags: str, ask: Callable[[str, str], Answer], tmp_path: Path) -> None:
    left = [f"{flags}^{one}$" for one in SINGLE if flags != "(?i)" or one.isascii()]
    while left:
        matched = agree(ask, tmp_path, left, path)
        left = left[matched + 1 :] if matched is not None else []


@pytest.mark.parametrize(
    ("expression", "why"), [(r"\p{Greek}", "Unicode class"), (r"[\pL]", "Unicode class"), ("(?i)é", "beyond ASCII")]
)
def test_what_is_not_understood_is_named(expression: str, why: str, tmp_path: Path) -> None:
    rules = rules_of(tmp_path, rules_file(["^x$", expression]))
    assert rules is not None
    with pytest.raises(RefusedError) as caught:
        rules.rule_for("apps/x.yaml")
    assert why in str(caught.value)
    assert str(caught.value).startswith(".sops.yaml › rule 2 › path_regex: ")
