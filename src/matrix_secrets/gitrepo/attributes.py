"""The lines of ``.gitattributes`` that give encrypted files their diff and merge drivers (gitattributes(5))."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE: Final = ".gitattributes"
DRIVER: Final = "matrix-secrets"
_BEGIN: Final = "# matrix-secrets: begin; `matrix-secrets hooks install` keeps these lines"
_END: Final = "# matrix-secrets: end"
_BLOCK: Final = re.compile(rf"{re.escape(_BEGIN)}\r?\n.*?{re.escape(_END)}\r?\n?", re.DOTALL)
_SPECIAL: Final = re.compile(r"([\\*?\[])")


def with_drivers(text: str, files: Iterable[str]) -> str:
    """Return the text with the lines for these files, in place of those that were there; without files, without."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = [_BEGIN, *(f"{_pattern(file)} diff={DRIVER} merge={DRIVER}" for file in sorted(files)), _END]
    block = "".join(line + newline for line in lines) if len(lines) > 2 else ""
    if _BLOCK.search(text):
        return _BLOCK.sub(lambda _: block, text, count=1)
    if text and block and not text.endswith("\n"):
        text += newline
    return text + block


def _pattern(file: str) -> str:
    """Name one file and no other: from the root, its special characters escaped, in quotes where it has white space."""
    pattern = "/" + _SPECIAL.sub(r"\\\1", file)
    return json.dumps(pattern, ensure_ascii=False) if re.search(r'[\s"]', pattern) else pattern
