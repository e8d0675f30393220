"""The spellings under which a secret value is recognised, and the search for many of them in many contents."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MIN_LENGTH: Final = 8
"""Characters; shorter values stand by chance in half of all files."""

_UNMISTAKABLE: Final = 20  # from here on, what stands beside it does not matter
_WHITE: Final = b" \t\r\n"
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_ESCAPE: Final = re.compile(r"%[0-9A-F]{2}")


@dataclass(frozen=True, slots=True)
class Needle:
    """One spelling of one secret. ``wrapped``: line breaks and indentation may stand in it.

    ``part``: it is found inside of a longer word, too, however short it is.
    """

    name: str
    spelled: str
    text: bytes = field(repr=False)
    wrapped: bool = False
    part: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """What finds it in a text: of a short value, not inside of a longer word."""
        text = self.text.decode()
        if self.wrapped:
            return re.compile(r"\s*".join(map(re.escape, text)))
        if self.part or len(text) >= _UNMISTAKABLE:
            return re.compile(re.escape(text))
        return re.compile(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])")


def needles(name: str, value: str) -> list[Needle]:
    """The spellings of a value: itself, quoted for YAML or JSON, URL-encoded, in UTF-16, in base64 at any alignment."""
    if len(value) < MIN_LENGTH:
        return []
    raw = value.encode()
    found = {raw: Needle(name, "", raw)}
    others = [(", escaped", each) for each in _escaped(value)] + [(", URL-encoded", each) for each in _url(value)]
    others += [(", in UTF-16", each) for each in (value.encode("utf-16-le"), value.encode("utf-16-be"))]
    for spelled, code in others:
        found.setdefault(code, Needle(name, spelled, code))
    for code in (aligned(raw, shift) for shift in range(3)):
        found.setdefault(code, Needle(name, ", in base64", code, wrapped=True))
        other = code.translate(_URL_SAFE)
        found.setdefault(other, Needle(name, ", in base64", other, wrapped=True))
    return list(found.values())


def _escaped(value: str) -> Iterator[bytes]:
    yield json.dumps(value)[1:-1].encode()
    yield json.dumps(value, ensure_ascii=False)[1:-1].encode()
    yield value.replace("'", "''").encode()


def _url(value: str) -> Iterator[bytes]:
    for code in (quote(value, safe=""), quote_plus(value)):
        yield code.encode()
        yield _ESCAPE.sub(lambda found: found[0].lower(), code).encode()


def aligned(raw: bytes, shift: int) -> bytes:
    """Return the characters of base64 that ``raw`` alone decides where it stands ``shift`` bytes behind a boundary."""
    code = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
    whole = (shift + len(raw)) * 8 // 6  # characters that are full
    return code[(0, 2, 3)[shift] : whole]


class Search:
    """Looks for many needles in one content after the other: a few passes over its bytes, and nothing is parsed."""

    def __init__(self, wanted: Iterable[Needle]) -> None:
        every = list(wanted)
        self._wrapped = [(needle, needle.text) for needle in every if needle.wrapped]
        plain = [needle for needle in every if not needle.wrapped]
        # Most contents hold no escape and no NUL: half of the spellings of a value with special characters fall away.
        self._rare = [(needle, needle.text) for needle in plain if _is_rare(needle.text)]
        self._plain = [(needle, needle.text) for needle in plain if not _is_rare(needle.text)]

    def found(self, raw: bytes) -> Iterator[Needle]:
        """Yield the needles that stand in a content."""
        for needle, text in self._plain:
            if text in raw and _confirmed(needle, raw):
                yield needle
        if self._rare and (b"%" in raw or b"\\" in raw or b"\0" in raw):
            for needle, text in self._rare:
                if text in raw and _confirmed(needle, raw):
                    yield needle
        if self._wrapped:
            compact = raw.translate(None, _WHITE)
            for needle, text in self._wrapped:
                if text in compact:
                    yield needle


def _is_rare(text: bytes) -> bool:
    return b"%" in text or b"\\" in text or b"\0" in text


def _confirmed(needle: Needle, raw: bytes) -> bool:
    if needle.part or len(needle.text) >= _UNMISTAKABLE:
        return True
    return needle.pattern.search(as_text(raw)) is not None


def as_text(raw: bytes) -> str:
    """A content as a text, whatever its encoding: offsets are those of `Needle.pattern`."""
    return raw.decode("utf-8", errors="surrogateescape")


def offset_of(needle: Needle, raw: bytes) -> int | None:
    """Where a needle stands, in characters of `as_text`; None where it does not, as a text."""
    found = needle.pattern.search(as_text(raw))
    return None if found is None else found.start()
