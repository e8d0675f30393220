"""What a text holds, to be compared: values with their types and paths, comments by their text."""

from __future__ import annotations

from collections import Counter

from matrix_secrets.manifests.comments import attach
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.creationrule import CreationRule
from matrix_secrets.sops.format import PREFIX
from matrix_secrets.sops.selectors import Selection
from matrix_secrets.sops.treeitems import Leaf, value_of
from matrix_secrets.sops.walk import walk


def values(text: str) -> list[tuple[object, ...]]:
    """Every value: its document, path, type and text."""
    found: list[tuple[object, ...]] = []
    for item in walk(parse(text), Selection.of(CreationRule("", ()))):
        if isinstance(item, Leaf):
            value = value_of(item.node)
            found.append((item.document, item.place, value.kind, value.text))
    return found


def comments(text: str) -> Counter[str]:
    """The texts of all comments."""
    return Counter(text[comment.start : comment.end] for comment in attach(text).comments)


def has_ciphertext(text: str) -> bool:
    """Whether a value or comment is ciphertext still."""
    return PREFIX in text
