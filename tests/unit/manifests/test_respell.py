from __future__ import annotations

import pytest

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.nodes import scalar_at
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.render import Slot, respell


@pytest.mark.parametrize("text", ["a:\n  ? k\n  l: x\n", "a: {k, l: x}\n", "a: {k- , l: x}\n"])
def test_a_key_without_a_colon_is_refused(text: str) -> None:
    key = "k-" if "k-" in text else "k"
    scalar = scalar_at(parse(text).documents[0].root, ("a", key))
    assert scalar is not None
    with pytest.raises(BadManifestError, match="a key without a colon, at line"):
        respell(text, scalar, "value", Slot(flow=False, indent="  ", newline="\n"))


@pytest.mark.parametrize("text", ["a:\n  k:\n", "a: {k: , l: x}\n", "a:\n  ? k\n  :\n", "a:\n  k: # c\n"])
def test_a_null_behind_a_colon_is_filled(text: str) -> None:
    scalar = scalar_at(parse(text).documents[0].root, ("a", "k"))
    assert scalar is not None
    spelled = respell(text, scalar, "value", Slot(flow=False, indent="  ", newline="\n"))
    filled = parse(text[: scalar.start] + spelled + text[scalar.end :])
    again = scalar_at(filled.documents[0].root, ("a", "k"))
    assert again is not None
    assert again.value == "value"
