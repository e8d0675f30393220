"""Managed secrets outside their places: in comments, in other manifests, in notes, in any encoding they are used in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.spellings import Needle, Search, as_text, needles
from matrix_secrets.checks.sweep import Scanner, is_yaml
from matrix_secrets.checks.whereabouts import Whereabouts
from matrix_secrets.errors import Place
from matrix_secrets.stack.consumption import DIGEST_KEY
from matrix_secrets.stack.model import SecretSpot
from matrix_secrets.stack.tripwire import digest_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding
    from matrix_secrets.manifests.nodes import Path
    from matrix_secrets.stack.model import Stack

LEAKED: Final = error(
    "secret-leaked",
    "The value of a managed secret stands, as it is, in base64 or URL-encoded, where it does not belong: in a comment, "
    "another manifest, a note.",
    "Remove it there. If it was ever pushed it is no secret any more: replace it.",
)
KINDS: Final = (LEAKED,)


def scanner(subject: Subject) -> Scanner:
    """Make the scanner for the values that could be read. Without any it costs nothing."""
    return scanner_for(subject, subject.stacks)


def scanner_for(subject: Subject, stacks: Iterable[Stack]) -> Scanner:
    """Make the scanner for the values of these stacks, which may be the subject's at other times."""
    search = Search(_wanted(stacks))
    homes = _homes(subject)

    def scan(file: str, raw: bytes) -> Iterator[Finding]:
        told: set[tuple[str, int]] = set()
        for needle in search.found(raw):
            yield from _found(subject, file, raw, needle, homes, told)

    return scan


def _wanted(stacks: Iterable[Stack]) -> list[Needle]:
    found: dict[bytes, Needle] = {}
    for stack in stacks:
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
    text = as_text(raw)
    stream = subject.disk_stream(file) if is_yaml(file) else None
    where = None if stream is None else Whereabouts(stream)
    for found in needle.pattern.finditer(text):
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
