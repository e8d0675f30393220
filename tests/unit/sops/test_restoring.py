"""Files in the formatting of real sops, where every ciphertext is plain: what they become when decrypted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.manifests.nodes import Scalar, leaves
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resolve import Kind
from matrix_secrets.sops.plainstyle import fits_plain
from matrix_secrets.sops.restore import Surroundings, spelled_in_place
from matrix_secrets.sops.treeitems import value_of

SPELLED = [
    ("word", "word"),
    ("two words", "two words"),
    ("12", '"12"'),
    ("true", '"true"'),
    ("yes", '"yes"'),
    ("2024-01-31", '"2024-01-31"'),
    ("1.5", '"1.5"'),
    ("null", '"null"'),
    ("~", '"~"'),
    ("- a", '"- a"'),
    ("a: b", '"a: b"'),
    ("a #b", '"a #b"'),
    ("a#b", "a#b"),
    ("*a", '"*a"'),
    ("!a", '"!a"'),
    ("%a", '"%a"'),
    ("@a", '"@a"'),
    (" a", '" a"'),
    ("a ", '"a "'),
    ("a:", '"a:"'),
    ("-a", "-a"),
    ("?a", "?a"),
    ("{a", '"{a"'),
    ("a,b", "a,b"),
    ('say "x"', 'say "x"'),
    ("a\tb", "a\tb"),
    ("a\x07b", '"a\\u0007b"'),
    ("a\x7fb", '"a\\x7fb"'),
    ("ü 🚀", "ü 🚀"),
    ("one\ntwo\n", "|\n    one\n    two"),
    ("one\ntwo", "|-\n    one\n    two"),
    ("one\n\n", "|+\n    one\n"),
    ("\none", '"\\none"'),
    (" one\ntwo", '" one\\ntwo"'),
]


@pytest.mark.parametrize(("value", "spelled"), SPELLED, ids=repr)
def test_a_string_without_quotes_around_its_ciphertext(value: str, spelled: str) -> None:
    text = "a:\n  b: ENC\n"
    node = next(leaves(parse(text).documents[0].root)).node
    assert isinstance(node, Scalar)
    (edit,) = spelled_in_place(text, node, "str", value, Surroundings(flow=False, column=2, newline="\n"))
    assert edit.new == spelled


PLACES = {
    "plain": "a:\n  b: {}\n",
    "plain, comment behind": "a:\n  b: {} # c\n",
    "single": "a:\n  b: '{}'\n",
    "double": 'a:\n  b: "{}"\n',
    "literal": "a:\n  b: |\n    {}\n  c: d\n",
    "literal, stripped, with comment": "a:\n  b: |- # c\n    {}\n",
    "literal, kept": "a:\n  b: |+\n    {}\n\n\n",
    "folded": "a:\n  b: >\n    {}\n",
    "indented by two": "a:\n  b: |2\n    {}\n",
    "in a list": "a:\n- {}\n- c\n",
    "in a flow list": "a: ['{}', c]\n",
    "was plain in a flow mapping": 'a: {{b: "{} ", c: d}}\n',
}
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.lists(st.sampled_from(["a", "", " b", "c ", "# d", "- e", "f: g", "\t"]), min_size=1).map("\n".join),
    st.sampled_from([value for value, _ in SPELLED]),
)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@given(TEXTS, st.sampled_from(["\n", "\r\n"]))
def test_a_string_never_becomes_anything_else(place: str, value: str, newline: str) -> None:
    text = place.format("ENC").replace("\n", newline)
    found = next(leaf for leaf in leaves(parse(text).documents[0].root) if leaf.node.value.startswith("ENC"))  # type: ignore[union-attr]
    assert isinstance(found.node, Scalar)
    column = 0 if text.startswith(("a: ", f"a:{newline}-")) else 2
    around = Surroundings(flow=found.flow, column=column, newline=newline)
    from matrix_secrets.manifests.edits import splice  # noqa: PLC0415

    value = value.strip("\n") + "x" if not value.strip(" \n") else value
    again = splice(text, spelled_in_place(text, found.node, "str", value, around))
    after = [leaf for leaf in leaves(parse(again).documents[0].root) if leaf.path == found.path]
    assert isinstance(after[0].node, Scalar)
    read = value_of(after[0].node)
    assert (read.kind, read.text) == (Kind.STR, value)
    others = [leaf.node.value for leaf in leaves(parse(text).documents[0].root) if leaf.path != found.path]  # type: ignore[union-attr]
    assert [leaf.node.value for leaf in leaves(parse(again).documents[0].root) if leaf.path != found.path] == others  # type: ignore[union-attr]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.booleans())
def test_what_fits_without_quotes_is_read_as_itself(value: str, flow: bool) -> None:
    if not fits_plain(value, flow=flow):
        return
    text = f"[{value}]" if flow else f"a: {value}\n"
    (leaf,) = leaves(parse(text).documents[0].root)
    assert isinstance(leaf.node, Scalar)
    assert (value_of(leaf.node).kind, leaf.node.value) == (Kind.STR, value)


def test_a_comment_that_sops_moved_behind_its_key_stays() -> None:
    from matrix_secrets.sops.cipher import DataKey  # noqa: PLC0415
    from matrix_secrets.sops.metadata import read_metadata  # noqa: PLC0415
    from tests.unit.sops.builtintexts import ENGINE, FILE, rule  # noqa: PLC0415

    encrypted = ENGINE.encrypt("a: word\n", file=FILE, rule=rule()).text
    key = ENGINE.data_key(read_metadata(parse(encrypted)), FILE)
    assert isinstance(key, DataKey)
    for comment, plain in (("# note", "# note"), ("#" + key.encrypt(" hidden", "comment", ":"), "# hidden")):
        moved = encrypted.replace("sops:\n", f"sops: {comment}\n")
        assert ENGINE.decrypt(moved, file=FILE) == f"a: word\n{plain}\n"
        updated = ENGINE.update(moved, f"a: other\n{plain}\n", file=FILE).text
        assert ENGINE.decrypt(updated, file=FILE) == f"a: other\n{plain}\n"
        assert "sops:\n" in updated
