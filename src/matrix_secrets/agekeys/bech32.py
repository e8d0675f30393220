"""Bech32 as age uses it (BIP 173 without the limit of 90 characters): what is wrong with a mistyped key, in words."""

from __future__ import annotations

from typing import Final

_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LENGTH: Final = 6


def fault(text: str, *, private: bool = False) -> str | None:
    """Say what makes ``text`` no Bech32, None if it is.

    The answer quotes at most one character that cannot be in a key, and of ``private`` text nothing at all.
    """
    if text not in {text.lower(), text.upper()}:
        return "upper and lower case letters are mixed"
    text = text.lower()
    prefix, separator, data = text.rpartition("1")
    if not separator or not prefix:
        return "it has no prefix before a “1”"
    for position, character in enumerate(data, start=len(prefix) + 2):
        if character not in _ALPHABET:
            what = "a character" if private else repr(character)
            return f"{what} at position {position} never occurs in a key"
    if len(data) < _CHECKSUM_LENGTH:
        return "it is too short"
    values = [_ALPHABET.index(character) for character in data]
    if _polymod([*_expand(prefix), *values]) != 1:
        return "its checksum does not fit: a character is wrong, missing or swapped"
    return None


def _expand(prefix: str) -> list[int]:
    return [*(ord(character) >> 5 for character in prefix), 0, *(ord(character) & 31 for character in prefix)]


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                check ^= generator
    return check
