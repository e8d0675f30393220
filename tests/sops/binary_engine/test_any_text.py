"""Texts of any shape: both engines give them back to the byte and read each other's, or refuse them by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matrix_secrets.errors import BadManifestError
from matrix_secrets.sops.creationrules import CreationRule

if TYPE_CHECKING:
    from tests.sops.binary_engine.conftest import Bench

SCALARS = [
    "word",
    "'it''s'",
    '"a\\tb"',
    "12",
    "1.5",
    "true",
    "null",
    '""',
    "🔐 x",
    "a#b",
    "x: y".replace(": ", ":"),
    "'12'",
]
BLOCKS = ["|", "|-", "|+", "|2", ">-"]
KEYS = ["data", "stringData", "other", "a b", "é"]


@st.composite
def values(draw: st.DrawFn, indent: str, depth: int) -> str:
    """What follows a key and its colon, up to and with the line end."""
    comment = draw(st.sampled_from(["", "", "", " # said", "   #x"]))
    kind = draw(
        st.sampled_from(["scalar", "scalar", "block", "mapping", "list", "flow"] if depth else ["scalar", "block"])
    )
    match kind:
        case "scalar":
            return f" {draw(st.sampled_from(SCALARS))}{comment}\n"
        case "block":
            lines = draw(st.lists(st.sampled_from(["x", "  y", "z: 1", "", "# no comment"]), min_size=1, max_size=3))
            body = "".join(f"{indent}  {line}\n" if line else "\n" for line in ["first", *lines])
            return f" {draw(st.sampled_from(BLOCKS))}{comment}\n{body}"
        case "mapping":
            return f"{comment}\n{draw(mappings(indent + '  ', depth - 1))}"
        case "list":
            items = draw(st.lists(values(indent + "  ", 0), min_size=1, max_size=3))
            said = [draw(st.sampled_from(["", "", f"{indent}  # of the item\n"])) for _ in items]
            return f"{comment}\n" + "".join(f"{one}{indent}  -{item}" for one, item in zip(said, items, strict=True))
        case _:
            return f" {{k: {draw(st.sampled_from(SCALARS))}, l: [1, {draw(st.sampled_from(SCALARS))}]}}{comment}\n"


@st.composite
def mappings(draw: st.DrawFn, indent: str, depth: int) -> str:
    names = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
    text = ""
    for name in names:
        above = draw(
            st.sampled_from(["", "", "", f"{indent}# above\n", "# at the margin\n", "\n", f"\n{indent}# one\n\n"])
        )
        text += f"{above}{indent}{name}:{draw(values(indent, depth))}"
    return text


@st.composite
def texts(draw: st.DrawFn) -> str:
    documents = draw(st.lists(mappings("", 2), min_size=1, max_size=3))
    text = draw(st.sampled_from(["", "# head\n", "---\n", "# head\n---\n"])) + "---\n".join(documents)
    text += draw(st.sampled_from(["", "", "# foot\n", "...\n"]))
    text = draw(st.sampled_from([text, text, text.rstrip("\n")]))
    return draw(st.sampled_from([text, text, text.replace("\n", "\r\n")]))


rules = st.sampled_from(
    [{}, {"encrypted_regex": "^(data|stringData)$", "mac_only_encrypted": True}, {"unencrypted_regex": "^other$"}]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(plain=texts(), fields=rules)
def test_both_engines_agree(plain: str, fields: dict[str, object], bench: Bench) -> None:
    rule = CreationRule("", (bench.recipient,), **fields)  # type: ignore[arg-type]  # as a rule's fields are
    try:
        made = bench.binary.encrypt(plain, file="x.yaml", rule=rule)
    except BadManifestError:
        return
    whole = bench.binary.decrypt(made.text, file="x.yaml")
    assert whole == bench.builtin.decrypt(made.text, file="x.yaml")
    assert whole == plain or made.notes
    theirs = bench.builtin.encrypt(plain, file="x.yaml", rule=rule)
    assert bench.binary.decrypt(theirs.text, file="x.yaml") == whole
    assert bench.binary.update(made.text, whole, file="x.yaml").text == made.text
