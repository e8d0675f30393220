"""Places as the eye wants them: what the line above says already is not said again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matrix_secrets.errors import Place

SEPARATOR: Final = " › "
_SHARED: Final = "…"
_WORTH_SHORTENING: Final = 2
_LONGEST: Final = 4  # parts; of a longer place the first three are shown, and the last


def shortened(places: Iterable[Place]) -> list[str]:
    """Return the places as text; of a prefix shared with the place above only the file is repeated, and ``…``."""
    found: list[str] = []
    before: list[str] = []
    for place in places:
        parts = [part for part in (place.file, place.document, *place.path) if part]
        shared = _shared(before, parts)
        if shared >= _WORTH_SHORTENING and len(parts) > _WORTH_SHORTENING:
            shown = [parts[0], _SHARED, *parts[min(shared, len(parts) - 1) :]]
        elif len(parts) > _LONGEST:
            shown = [*parts[: _LONGEST - 1], _SHARED, parts[-1]]
        else:
            shown = parts
        line = "" if place.line is None else f", line {place.line}"
        found.append(SEPARATOR.join(shown).replace("\n", "\\n") + line)
        before = parts
    return found


def path_text(place: Place) -> str:
    """Return a place's path inside its document, in the one notation."""
    return SEPARATOR.join(place.path)


def _shared(before: list[str], parts: list[str]) -> int:
    count = 0
    for old, new in zip(before, parts, strict=False):
        if old != new:
            break
        count += 1
    return count
