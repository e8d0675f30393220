"""The type and value of a plain scalar, exactly as go-yaml v3 (and with it sops) decodes it into an interface.

Source of every rule: go.yaml.in/yaml/v3 resolve.go and encode.go (v3.0.4), and Go's strconv for the numbers.
"""

from __future__ import annotations

import math
import re
from enum import StrEnum
from typing import Final, NamedTuple

from matrix_secrets.manifests.gofloat import format_f, format_g
from matrix_secrets.manifests.timestamp import normal_timestamp

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_SPECIAL_FLOATS: Final = {
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_HINTS: Final = frozenset("+-0123456789.yYnNtTfFoO~")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_DOT_FLOAT: Final = re.compile(r"\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?", re.ASCII)
_INT: Final = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_SIGN_INSIDE: Final = re.compile(r"0(?:b([-+][01]+)|o([-+][0-7]+))", re.ASCII)
_BASE60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", re.ASCII)
_OLD_BOOLS: Final = frozenset(
    {form for word in ("y", "yes", "on", "n", "no", "off") for form in (word, word.capitalize(), word.upper())}
)
_MIN_INT: Final = -(2**63)
_MAX_INT: Final = 2**63 - 1
_MAX_UINT: Final = 2**64 - 1


class Kind(StrEnum):
    """What a scalar is; the first five are the types that stand in sops's ciphertexts."""

    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    TIME = "time"
    NULL = "null"
    TOO_BIG = "uint64"
    UNCLEAR = "unclear"


class Resolved(NamedTuple):
    """A scalar's kind and its text as sops hashes and encrypts it.

    ``canonical`` tells whether the spelling is the one that sops would write again for that value.
    """

    kind: Kind
    text: str
    canonical: bool = True


def resolve(value: str) -> Resolved:
    """Resolve a plain scalar."""
    if value and value[0] not in _HINTS:
        # "<<" is a merge key to the parser, and a string only to the decoder: nobody means that as a value.
        return Resolved(Kind.STR, value, value != "<<")
    if value in _NULLS:
        return Resolved(Kind.NULL, "")
    if value in _BOOLS:
        return Resolved(Kind.BOOL, "True" if _BOOLS[value] else "False", value in {"true", "false"})
    number = _SPECIAL_FLOATS.get(value)
    if number is None and value[0] == "." and _DOT_FLOAT.fullmatch(value) and not math.isinf(float(value)):
        number = float(value)
    if number is not None:
        return _float(value, number)
    if value[0] in "+-0123456789":
        return _number(value)
    return Resolved(Kind.STR, value, value not in _OLD_BOOLS)


def emitted(kind: Kind, text: str) -> str:
    """Spell a decrypted number, bool or time as sops writes it (encode.go); ``text`` is as in `Resolved`."""
    match kind:
        case Kind.BOOL:
            return "true" if text == "True" else "false"
        case Kind.FLOAT:
            return format_g(float(text))
        case _:
            return text


def is_ambiguous_string(value: str) -> bool:
    """Whether a string that go-yaml v3 reads as such means something else to YAML 1.1 (``yes``, ``12:30``)."""
    return value in _OLD_BOOLS or (":" in value and _BASE60.fullmatch(value) is not None)


def _number(value: str) -> Resolved:
    if (time := normal_timestamp(value)) is not None:
        return Resolved(Kind.TIME, time, time == value)
    plain = value.replace("_", "")
    if found := _INT.fullmatch(plain):
        return _integer(value, found)
    if _FLOAT.fullmatch(plain):
        number = float(plain)
        if not math.isinf(number):
            return _float(value, number)
    if (odd := _SIGN_INSIDE.fullmatch(plain)) and _MIN_INT <= (inside := _signed(odd)) <= _MAX_INT:
        return Resolved(Kind.INT, str(inside), canonical=False)
    return Resolved(Kind.STR, value, not is_ambiguous_string(value))


def _integer(value: str, found: re.Match[str]) -> Resolved:
    sign, hexadecimal, binary, octal, decimal = found.groups()
    digits, base = (
        (hexadecimal, 16) if hexadecimal else (binary, 2) if binary else (octal, 8) if octal else (decimal, 10)
    )
    number = int(digits, base) * (-1 if sign == "-" else 1)
    text = str(number)
    if _MIN_INT <= number <= _MAX_INT:
        return Resolved(Kind.INT, text, text == value)
    if not sign and number <= _MAX_UINT:
        return Resolved(Kind.TOO_BIG, text, canonical=False)
    if decimal or (octal and re.fullmatch(r"0[0-7]+", found[0].lstrip("+-"))):
        return _float(value, float(found[0]))
    return Resolved(Kind.STR, value)


def _signed(found: re.Match[str]) -> int:
    return int(found[1], 2) if found[1] else int(found[2], 8)


def _float(value: str, number: float) -> Resolved:
    spelled = format_g(number)
    # A whole number is written without a point, and is then read as an integer: 1.0 would come back as 1.
    stays = spelled == value and _INT.fullmatch(spelled) is None
    return Resolved(Kind.FLOAT, format_f(number), stays)
