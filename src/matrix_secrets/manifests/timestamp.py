"""Timestamps as go-yaml v3 recognises them in plain scalars, and as Go writes them (RFC 3339, nanoseconds)."""

from __future__ import annotations

import re
from calendar import monthrange
from typing import Final

_DATE: Final = r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
_CLOCK: Final = r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?"
# The four layouts of resolve.go; time.Parse takes one digit where two may stand, a comma for the point, many spaces.
_TIMESTAMP: Final = re.compile(rf"{_DATE}(?:[Tt]{_CLOCK}(?:Z|([+-])([0-9]{{2}}):([0-9]{{2}}))| +{_CLOCK})?", re.ASCII)
_NANOSECOND_DIGITS: Final = 9


def normal_timestamp(value: str) -> str | None:
    """Return a plain scalar that is a timestamp as Go's ``Time.MarshalText`` writes it, None if it is none."""
    found = _TIMESTAMP.fullmatch(value)
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    hour, minute, second = (int(found[at] or found[at + 7] or 0) for at in (4, 5, 6))
    zone_hour, zone_minute = int(found[9] or 0), int(found[10] or 0)
    in_range = 1 <= month <= 12 and hour < 24 and minute < 60 and second < 60 and zone_hour < 24 and zone_minute < 60
    if not in_range or not 1 <= day <= _days(year, month):
        return None
    fraction = (found[7] or found[14] or "")[:_NANOSECOND_DIGITS].rstrip("0")
    zone = f"{found[8]}{zone_hour:02}:{zone_minute:02}" if zone_hour or zone_minute else "Z"
    clock = f"{hour:02}:{minute:02}:{second:02}{'.' if fraction else ''}{fraction}"
    return f"{year:04}-{month:02}-{day:02}T{clock}{zone}"


def _days(year: int, month: int) -> int:
    # monthrange knows no year 0, which Go takes for a leap year like 4.
    return monthrange(year or 4, month)[1]
