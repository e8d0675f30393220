"""How long ago something was, as people say it; the exact time is for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.operations.ages import Age, Known

if TYPE_CHECKING:
    from datetime import datetime, timedelta

_UNITS: Final = ((365, "year"), (30, "month"), (7, "week"), (1, "day"))
_ENOUGH: Final = 2  # of a unit: "7 weeks ago" says more than "1 month ago"


def human_age(age: Age | None, now: datetime) -> str:
    """Say an age: ``7 months ago``, ``not committed``, ``unknown``; nothing for a secret without a value."""
    if age is None:
        return "-"
    if age.since is None:
        return str(Known.UNKNOWN if age.known is Known.UNKNOWN else age.known)
    return ago(now - age.since)


def ago(time: timedelta) -> str:
    """Say how long ago something was, in one unit."""
    for days, unit in _UNITS:
        count = time.days // days
        if count >= (_ENOUGH if days > 1 else 1):
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    hours, minutes = time.seconds // 3600, time.seconds // 60
    if hours:
        return f"{hours} hour{'' if hours == 1 else 's'} ago"
    return f"{minutes} minute{'' if minutes == 1 else 's'} ago" if minutes else "just now"
