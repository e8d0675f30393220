"""No text, however broken, gives anything but the bytes back or an error that names the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.errors import MatrixSecretsError
from tests.unit.manifests.yamltexts import yaml_texts
from tests.unit.sops.builtintexts import ENGINE, FILE, rules

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from matrix_secrets.sops.creationrules import CreationRule

PIECES = [
    *"#:-|>'\"[]{},&*!%@`? \n\t\r\x85\u2028\ufeff0=~<",
    "---\n",
    "...\n",
    "sops:",
    "- ",
    "\\/",
    "&a ",
    "*a ",
    "<<: ",
]


@st.composite
def broken(draw: DrawFn, text: str) -> str:
    """A text with some pieces put in, taken out, doubled or swapped."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        to = min(len(text), at + draw(st.integers(1, 30)))
        match draw(st.integers(0, 3)):
            case 0:
                text = text[:at] + draw(st.sampled_from(PIECES)) + text[at:]
            case 1:
                text = text[:at] + text[to:]
            case 2:
                text = text[:at] + text[at:to] * 2 + text[to:]
            case _:
                lines = text.split("\n")
                one, two = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
                lines[one], lines[two] = lines[two], lines[one]
                text = "\n".join(lines)
    return text


@given(yaml_texts(), rules(), st.data())
def test_encrypting(text: str, rule: CreationRule, data: st.DataObject) -> None:
    text = data.draw(broken(text))
    try:
        result = ENGINE.encrypt(text, file=FILE, rule=rule)
    except MatrixSecretsError:
        return
    assert ENGINE.decrypt(result.text, file=FILE) == text or result.notes


@given(yaml_texts(), rules(), st.data(), st.lists(st.tuples(st.floats(0, 1), st.sampled_from(PIECES)), max_size=3))
def test_decrypting_and_updating(
    text: str, rule: CreationRule, data: st.DataObject, pieces: list[tuple[float, str]]
) -> None:
    try:
        encrypted = ENGINE.encrypt(text, file=FILE, rule=rule).text
    except MatrixSecretsError:
        return
    new = data.draw(broken(ENGINE.decrypt(encrypted, file=FILE)))
    try:
        updated = ENGINE.update(encrypted, new, file=FILE)
        assert ENGINE.decrypt(updated.text, file=FILE) == new or updated.notes
        for share, piece in pieces:  # nonces are random: nothing that is drawn may depend on this text
            at = int(share * len(encrypted))
            encrypted = encrypted[:at] + piece + encrypted[at + len(piece) % 2 :]
        ENGINE.decrypt(encrypted, file=FILE)
    except MatrixSecretsError:
        return
