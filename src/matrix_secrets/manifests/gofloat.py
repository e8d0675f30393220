"""Floating-point numbers as Go writes them: ``strconv.FormatFloat(number, 'f' or 'g', -1, 64)``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from decimal import Decimal

_EXPONENT_FROM: Final = 6
"""With the shortest digits, 'g' takes an exponent from 1e6 on and below 1e-4 (strconv/ftoa.go, eprec)."""


def format_f(number: float) -> str:
    """The shortest digits that read back as the number, without exponent: what sops encrypts and hashes."""
    if (special := _special(number, "+Inf", "-Inf", "NaN")) is not None:
        return special
    return format(_decimal(number), "f").removesuffix(".0")


def format_g(number: float) -> str:
    """The shortest digits, with an exponent for large and small ones: what go-yaml writes into a file."""
    if (special := _special(number, ".inf", "-.inf", ".nan")) is not None:
        return special
    sign, digits, trailing = _decimal(number).normalize().as_tuple()
    exponent = len(digits) + int(trailing) - 1
    if number == 0 or -4 <= exponent < _EXPONENT_FROM:
        return format_f(number)
    first, rest = str(digits[0]), "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{first}{'.' + rest if rest else ''}e{exponent:+03d}"


def _decimal(number: float) -> Decimal:
    from decimal import Decimal  # noqa: PLC0415  manifests rarely hold such numbers

    return Decimal(repr(number))


def _special(number: float, plus: str, minus: str, nan: str) -> str | None:
    if math.isnan(number):
        return nan
    if math.isinf(number):
        return plus if number > 0 else minus
    return None
