"""Character classes and escapes of Go's regular expressions, as sets of code points."""

from __future__ import annotations

import re
import string
from typing import Final, NamedTuple

MAX_CODE_POINT: Final = 0x10FFFF
_FOLDABLE_SPAN: Final = 4096  # code points looked at one by one for case variants
_NAMED: Final = re.compile(r"\[:(.*?):\]", re.DOTALL)
_BRACED: Final = re.compile(r"\\x\{([0-9A-Fa-f]+)\}")
_HEX: Final = re.compile(r"\\x([0-9A-Fa-f]{2})")
_OCTAL: Final = re.compile(r"\\(0[0-7]{0,2}|[1-7][0-7]{1,2})")
_CONTROL: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PERL: Final = {"d": string.digits, "s": "\t\n\f\r ", "w": string.ascii_letters + string.digits + "_"}
_POSIX: Final = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "ascii": "".join(map(chr, range(0x80))),
    "blank": "\t ",
    "cntrl": "".join(map(chr, [*range(0x20), 0x7F])),
    "digit": string.digits,
    "graph": "".join(map(chr, range(0x21, 0x7F))),
    "lower": string.ascii_lowercase,
    "print": "".join(map(chr, range(0x20, 0x7F))),
    "punct": string.punctuation,
    "space": "\t\n\v\f\r ",
    "upper": string.ascii_uppercase,
    "word": string.ascii_letters + string.digits + "_",
    "xdigit": string.hexdigits,
}
# Besides its other case, these have one more character that folds to them (Unicode CaseFolding.txt).
_ASCII_COUSINS: Final = {"k": 0x212A, "s": 0x17F}


class ExpressionError(ValueError):
    """What Go does not accept in an expression, or what is not understood here; never the expression itself."""


class CharClass(NamedTuple):
    """A set of code points as ranges, both ends included; in order, without overlap."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, ranges: list[tuple[int, int]]) -> CharClass:
        """Make a class of ranges in any order."""
        merged: list[tuple[int, int]] = []
        for low, high in sorted(ranges):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        return cls(tuple(merged))

    @classmethod
    def single(cls, char: str) -> CharClass:
        """Make a class of one character."""
        return cls(((ord(char), ord(char)),))

    @classmethod
    def chars(cls, chars: str) -> CharClass:
        """Make a class of some characters."""
        return cls.of([(ord(char), ord(char)) for char in chars])

    def negated(self) -> CharClass:
        """Every other code point, the line feed included."""
        ranges: list[tuple[int, int]] = []
        position = 0
        for low, high in self.ranges:
            if position < low:
                ranges.append((position, low - 1))
            position = high + 1
        if position <= MAX_CODE_POINT:
            ranges.append((position, MAX_CODE_POINT))
        return CharClass(tuple(ranges))

    def folded(self) -> CharClass:
        """Add the case variants of the characters. Raises ExpressionError for letters beyond ASCII."""
        ranges = list(self.ranges)
        for low, high in self.ranges:
            _refuse_cased_letters(max(low, 0x80), high)
            for code in range(low, min(high, 0x7F) + 1):
                char = chr(code)
                ranges.append((ord(char.swapcase()),) * 2)
                if cousin := _ASCII_COUSINS.get(char.lower()):
                    ranges.append((cousin, cousin))
        return CharClass.of(ranges)

    def spelled(self, *, fold: bool = False) -> str:
        """Spell the class for Python's ``re``."""
        if fold:
            return self.folded().spelled()
        if len(self.ranges) == 1 and self.ranges[0][0] == self.ranges[0][1]:
            return re.escape(chr(self.ranges[0][0]))
        if not self.ranges:
            return "(?!)"
        return "[" + "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in self.ranges) + "]"


def _refuse_cased_letters(low: int, high: int) -> None:
    if low > high:
        return
    cased = high - low > _FOLDABLE_SPAN or any(
        len({char, char.lower(), char.upper(), char.casefold()}) > 1 for char in map(chr, range(low, high + 1))
    )
    if cased:
        raise ExpressionError("(?i) with letters beyond ASCII, which is not understood here")


def parse_class(text: str, at: int, *, fold: bool = False) -> tuple[CharClass, int]:
    """Read a bracket expression that begins at ``at``; return the class and the position behind it."""
    at += 1
    negative = text.startswith("^", at)
    at += negative
    ranges: list[tuple[int, int]] = []
    first = True
    while first or not text.startswith("]", at):
        if at >= len(text):
            raise ExpressionError("a closing bracket is missing")
        first = False
        found = class_of_escape(text, at)
        if found is not None:
            at += 2
        elif named := _NAMED.match(text, at):
            found, at = _named_class(named[1]), named.end()
        if found is not None:
            ranges.extend((fold_escape(found) if fold else found).ranges)
            continue
        low, at = _class_char(text, at)
        high = low
        if text.startswith("-", at) and at + 1 < len(text) and text[at + 1] != "]":
            high, at = _class_char(text, at + 1)
            if high < low:
                raise ExpressionError("a range of characters that runs backwards")
        one = CharClass(((ord(low), ord(high)),))
        ranges.extend((one.folded() if fold else one).ranges)
    found = CharClass.of(ranges)
    return (found.negated() if negative else found), at + 1


def fold_escape(found: CharClass) -> CharClass:
    r"""Fold what a named class or an escape stands for; a complement (``\W``) is folded before it is turned round."""
    if found.ranges[-1][1] == MAX_CODE_POINT:
        return found.negated().folded().negated()
    return found.folded()


def _named_class(name: str) -> CharClass:
    chars = _POSIX.get(name.removeprefix("^"))
    if chars is None:
        raise ExpressionError("a class name that Go does not know")
    found = CharClass.chars(chars)
    return found.negated() if name.startswith("^") else found


def _class_char(text: str, at: int) -> tuple[str, int]:
    if at >= len(text):
        raise ExpressionError("a closing bracket is missing")
    return literal_escape(text, at) if text[at] == "\\" else (text[at], at + 1)


def class_of_escape(text: str, at: int) -> CharClass | None:
    r"""Return the class that two characters such as ``\d`` stand for, None if they do not. Raises for ``\p``."""
    if not text.startswith("\\", at):
        return None
    following = text[at + 1 : at + 2]
    if following in ("p", "P"):
        raise ExpressionError("a Unicode class (\\p), which is not understood here")
    chars = _PERL.get(following.lower()) if following else None
    if chars is None:
        return None
    found = CharClass.chars(chars)
    return found.negated() if following.isupper() else found


def literal_escape(text: str, at: int) -> tuple[str, int]:
    """Read an escape that stands for one character; return it and the position behind it."""
    if at + 1 >= len(text):
        raise ExpressionError("a backslash at the end")
    if found := _BRACED.match(text, at):
        code = int(found[1], 16)
        if code > MAX_CODE_POINT:
            raise ExpressionError("a code point that does not exist")
        return chr(code), found.end()
    if found := _HEX.match(text, at):
        return chr(int(found[1], 16)), found.end()
    if found := _OCTAL.match(text, at):
        return chr(int(found[1], 8)), found.end()
    char = text[at + 1]
    if char in _CONTROL:
        return _CONTROL[char], at + 2
    if char.isascii() and not char.isalnum():
        return char, at + 2
    raise ExpressionError("an escape that Go does not know")
