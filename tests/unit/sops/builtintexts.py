"""A built-in engine with an identity of its own, and rules of every kind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from matrix_secrets.agekeys.generate import generate_identity
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.creationrules import CreationRule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import SearchStrategy

IDENTITY: Final = generate_identity("tests")
ENGINE: Final = BuiltinEngine(lambda: [IDENTITY])
FILE: Final = "apps/a.yaml"

SELECTORS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"encrypted_regex": "^(data|stringData)$"},
    {"encrypted_regex": "^a"},
    {"unencrypted_regex": "^(a|b)$"},
    {"encrypted_suffix": "_enc"},
    {"unencrypted_suffix": "b"},
    {"encrypted_comment_regex": "c[0-9]*1$"},
    {"unencrypted_comment_regex": "c[0-9]*[02468]$"},
)
BY_KEY: Final = SELECTORS[:6]


def rule(
    selector: Mapping[str, str] | None = None,
    *,
    mac_only_encrypted: bool = True,
    recipient: str = IDENTITY.recipient.key,
) -> CreationRule:
    """A rule with one selector or none; for the tests' own identity if no other is named."""
    plain = CreationRule("", (recipient,), mac_only_encrypted=mac_only_encrypted)
    return replace(plain, **selector or {})  # type: ignore[arg-type]  # selectors are text fields


def rules(
    selectors: tuple[dict[str, str], ...] = SELECTORS, recipient: str = IDENTITY.recipient.key
) -> SearchStrategy[CreationRule]:
    """Rules with every selector, with the MAC over all values or over encrypted ones."""
    return st.builds(
        lambda selector, only: rule(selector, mac_only_encrypted=only, recipient=recipient),
        st.sampled_from(selectors),
        st.booleans(),
    )
