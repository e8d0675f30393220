"""Searching only what is new finds what searching everything finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.checks.spellings import Search, needles
from matrix_secrets.operations.audit_lines import LineSearch

VALUES = ("5f0c8a4e7d1b92630f4c8a4e7d1b9263", "made/up 7%'x\"")
NEEDLES = [needle for number, value in enumerate(VALUES) for needle in needles(str(number), value)]
CODES = [needle.text for needle in NEEDLES]
WRAPPED = [b"\n  ".join(code[at : at + 19] for at in range(0, len(code), 19)) for code in CODES if len(code) > 30]

lines = st.lists(
    st.one_of(
        st.sampled_from([b"a: 1", b"b: 2", b"", b"  # c", b"kind: Secret", b"\r"]),
        st.sampled_from(CODES).map(lambda code: b"x: " + code + b" y"),
        st.sampled_from(WRAPPED).map(lambda code: b"x: |\n  " + code),
        st.binary(max_size=4),
    ),
    max_size=40,
)


@given(st.lists(lines, max_size=8))
def test_it_finds_the_same(contents: list[list[bytes]]) -> None:
    search = LineSearch(Search(NEEDLES))
    every = Search(NEEDLES)
    for content in contents:
        raw = b"\n".join(content)
        # What is plain is the same; of base64 that goes on over lines each part was searched with its neighbours.
        wanted = {needle.name for needle in every.found(raw)}
        assert {needle.name for needle in search.found(raw)} == wanted


def test_every_content_with_a_value_is_named_again() -> None:
    search = LineSearch(Search(NEEDLES))
    for number in range(5):
        raw = f"image: a:{number}\nPOSTGRES_PASSWORD: {VALUES[0]}\n".encode()
        assert [needle.name for needle in search.found(raw)] == ["0"]
    assert not list(search.found(b"image: a:1\n"))
