"""Which strings can stand in a file without quotes, and mean the same to go-yaml, libyaml and YAML 1.1."""

from __future__ import annotations

import re
from typing import Final

from matrix_secrets.manifests.resolve import Kind, resolve

_UNPRINTABLE: Final = r"\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff"
_FIRST: Final = r"[^\s#,\[\]{}&*!|>'\"%@`\-?:" + _UNPRINTABLE + r"]|[-?:](?=[^\s" + _UNPRINTABLE + "])"
_REST: Final = r"(?:[^:#" + _UNPRINTABLE + r"]|:(?=[^\s])|(?<=[^\s])#)*"
_BLOCK: Final = re.compile(rf"(?:{_FIRST}){_REST}")
_FLOW_INDICATOR: Final = re.compile(r"[,\[\]{}?]")


def fits_plain(value: str, *, flow: bool) -> bool:
    """Whether a string, unquoted, is read as exactly that string."""
    if not value or _BLOCK.fullmatch(value) is None or value[-1] in " \t:" or value.isspace():
        return False
    if flow and (_FLOW_INDICATOR.search(value) or value[0] in "-:"):
        return False
    found = resolve(value)
    return found.kind is Kind.STR and found.canonical
