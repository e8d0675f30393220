"""Placeholders: the guide's own, and what else nobody would take for a real value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE_NAME: Final = "matrix.example.com"
NODE_IP: Final = "<NODE_IP>"

# Left in a value or a comment by the guide: each is worth a finding wherever it stands.
TOKEN: Final = re.compile(
    r"CHANGE_?ME(?:_[A-Z_]+)?|REPLACE_?ME(?:_[A-Z_]+)?|<NODE_IP>|<(?:your|YOUR)[-_ ][^<>\n]*>"
    r"|(?<![\w.-])matrix\.example\.com(?![\w-]|\.\w)"
)
_WHOLE: Final = re.compile(
    r"(?:change|replace)[_-]?(?:me|this)(?:[_-].*)?|<[^<>]*>|your[-_].*|x{3,}|\*{3,}|\.{3,}|…",
    re.IGNORECASE,
)
_EXAMPLE_HOST: Final = re.compile(
    r"(?:.*\.)?example(?:\.(?:com|org|net))?|(?:.*\.)?(?:your|my)-?(?:domain|server)\.\w+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A placeholder in a text: ``text[start:end]``."""

    start: int
    end: int
    text: str


def is_placeholder(value: str) -> bool:
    """Whether a value as a whole is a placeholder, or has one of the guide's in it."""
    return bool(_WHOLE.fullmatch(value.strip()) or TOKEN.search(value))


def is_example_host(host: str) -> bool:
    """Whether a host name, port left out, is nobody's: reserved for examples, or a placeholder."""
    return not host or is_placeholder(host) or bool(_EXAMPLE_HOST.fullmatch(host))


def is_example_url(url: str) -> bool:
    """Whether a URL leads to nobody's host."""
    host = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", url.strip())
    host = re.split(r"[/?#]", host, maxsplit=1)[0]
    return is_placeholder(url) or is_example_host(re.sub(r":\d+$", "", host))


def tokens(text: str) -> Iterator[Token]:
    """Yield the guide's placeholders in a text, values and comments alike."""
    for found in TOKEN.finditer(text):
        yield Token(found.start(), found.end(), found[0])
