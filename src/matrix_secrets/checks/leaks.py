"""Managed secrets outside their places: in comments, in other manifests, in notes, in any encoding they are used in."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.sweep import Scanner, is_yaml
from matrix_secrets.checks.whereabouts import Whereabouts
from matrix_secrets.errors import Place
from matrix_secrets.stack.consumption import DIGEST_KEY
from matrix_secrets.stack.model import SecretSpot
from matrix_secrets.stack.tripwire import digest_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding
    from matrix_secrets.manifests.nodes import Path

LEAKED: Final = error(
    "secret-leaked",
    "The value of a managed secret stands, as it is, in base64 or URL-encoded, where it does not belong: in a comment, "
    "another manifest, a note.",
    "Remove it there. If it was ever pushed it is no secret any more: replace it.",
)
KINDS: Final = (LEAKED,)

_MIN_LENGTH: Final = 8  # shorter ones stand by chance in half of all files
_UNMISTAKABLE: Final = 20  # from here on, what stands beside it does not matter
_WHITE: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Needle:
    """One spelling of one secret. ``wrapped``: line breaks and indentation may stand in it."""

    name: str
    spelled: str
    text: bytes = field(repr=False)
    wrapped: bool = False


def needles(name: str, value: str) -> list[Needle]:
    """The spellings under which a value is recognised: itself, escaped, URL-encoded, in base64 at any alignment."""
    if len(value) < _MIN_LENGTH:
        return []
    raw = value.encode()
    found = [Needle(name, "", raw)]
    escaped = json.dumps(value)[1:-1].encode()
    found += [Needle(name, ", escaped", escaped)] if escaped != raw else []
    url = quote(value, safe="").encode()
    found += [Needle(name, ", URL-encoded", url)] if url != raw else []
    for code in dict.fromkeys(_aligned(raw, shift) for shift in range(3)):
        found.append(Needle(name, ", in base64", code, wrapped=True))
        other = code.translate(bytes.maketrans(b"+/", b"-_"))
        found += [Needle(name, ", in base64", other, wrapped=True)] if other != code else []
    return found


def _aligned(raw: bytes, shift: int) -> bytes:
    """The characters of base64 that depend on nothing but ``raw`` where it stands ``shift`` bytes behind a boundary."""
    code = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
    whole = (shift + len(raw)) * 8 // 6  # characters that are full
    return code[(0, 2, 3)[shift] : whole]


def scanner(subject: Subject) -> Scanner:
    """Make the scanner for the values that could be read. Without any it costs nothing."""
    wanted = _wanted(subject)
    homes = _homes(subject)

    def scan(file: str, raw: bytes) -> Iterator[Finding]:
        compact = raw.translate(None, _WHITE) if wanted else b""
        told: set[tuple[str, int]] = set()
        for needle in wanted:
            if needle.text in (compact if needle.wrapped else raw):
                yield from _found(subject, file, raw, needle, homes, told)

    return scan


def _wanted(subject: Subject) -> list[Needle]:
    found: dict[bytes, Needle] = {}
    for stack in subject.stacks:
        values = [(secret.name, value) for secret in stack.managed for value in secret.values]
        key = digest_key(stack.streams)
        for name, value in (*values, *([(DIGEST_KEY, key)] if key is not None else [])):
            for needle in needles(name, value.reveal()):
                found.setdefault(needle.text, needle)
    return list(found.values())


def _homes(subject: Subject) -> frozenset[tuple[str, int, Path]]:
    """The scalars in which secrets may stand: whether they are plain there is another check's business."""
    found: set[tuple[str, int, Path]] = set()
    for stack in subject.stacks:
        for secret in stack.managed:
            for location in secret.locations:
                spot = location.spot
                entry = spot.entry if isinstance(spot, SecretSpot) else spot.config.entry
                if entry is not None:
                    found.add((location.file, entry.resource.document.index, entry.path))
        for secret_ in stack.secrets:
            found.update((secret_.stream.file, secret_.document.index, each.path) for each in secret_.entries())
    return frozenset(found)


def _found(
    subject: Subject,
    file: str,
    raw: bytes,
    needle: Needle,
    homes: frozenset[tuple[str, int, Path]],
    told: set[tuple[str, int]],
) -> Iterator[Finding]:
    text = raw.decode("utf-8", errors="surrogateescape")
    stream = subject.disk_stream(file) if is_yaml(file) else None
    where = None if stream is None else Whereabouts(stream)
    for found in _pattern(needle).finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        spot = None if where is None else where.of(found.start())
        at_home = spot is not None and spot.entry is not None and (file, *spot.entry) in homes
        if at_home or (needle.name, line) in told:
            continue
        told.add((needle.name, line))
        place = Place(file, line=line)
        if spot is not None:
            place = Place(file, spot.place.document, spot.place.path, line)
        comment = " in a comment" if spot is not None and spot.comment else ""
        fix = f"remove it from {file}, line {line}; if it was ever pushed, it is no secret any more: replace it"
        yield LEAKED.at(place, f"the value of {needle.name} stands here{comment}{needle.spelled}", fix)


def _pattern(needle: Needle) -> re.Pattern[str]:
    text = needle.text.decode()
    if needle.wrapped:
        return re.compile(r"\s*".join(map(re.escape, text)))
    if len(text) >= _UNMISTAKABLE:
        return re.compile(re.escape(text))
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])")
