"""One pass over all contents of the history; a second one only for values that were learnt on the way."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.identity import Identity
from matrix_secrets.checks.agekey import IN_BASE64, PREFIX, private_keys
from matrix_secrets.checks.spellings import MIN_LENGTH, Needle, Search, needles
from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.audit_lines import LineSearch
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from matrix_secrets.gitrepo.objectstream import Piece
    from matrix_secrets.operations.audit_known import Known, KnownValues
    from matrix_secrets.operations.audit_past import Past

_POST_QUANTUM: Final = b"AGE-SECRET-KEY-PQ-1"
_PRIVATE_KEY: Final = "private key"
_KEY_MARKS: Final = (
    Needle(_PRIVATE_KEY, "", PREFIX, part=True),
    *(Needle(_PRIVATE_KEY, "", code, wrapped=True) for code, _ in IN_BASE64),
)
_MOST_KEPT: Final = 1 << 24  # bytes
_RECIPIENT: Final = "recipient "  # what is searched for under this name is who an encrypted file is for


@dataclass(slots=True)
class Hits:
    """Where one thing stands in one file: in which contents, and how it is spelled there."""

    spelled: str
    blobs: dict[str, None] = field(default_factory=dict)
    needle: Needle | None = None


@dataclass(frozen=True, slots=True)
class AgeKey:
    """A private key that was found. ``recipient`` is its public half, empty for one that only age itself reads."""

    recipient: str


class _Kept:
    """All that was fresh, as long as it is not too much to keep."""

    def __init__(self) -> None:
        self._parts: list[bytes] | None = []
        self._size = 0

    def add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > _MOST_KEPT:
            self._parts = None
        elif self._parts is not None:
            self._parts.append(part)

    def may_hold(self, search: Search) -> bool:
        return self._parts is None or any(True for part in self._parts for _ in search.found(part))


class HistorySearch:
    """Takes contents up one after the other. ``values`` are hits by value and file, ``keys`` by recipient and file.

    ``encrypted_for`` counts, by recipient, the contents that a private key that was found opens.
    """

    def __init__(self, known: KnownValues, past: Past) -> None:
        self.values: dict[tuple[str, str], Hits] = {}
        self.in_messages: dict[tuple[str, str], Hits] = {}
        self.keys: dict[tuple[AgeKey, str], Hits] = {}
        self.encrypted_for: dict[str, int] = {}
        self.looked_at = 0
        self._known = known
        self._past = past
        self._needles = [*_KEY_MARKS, *(needle for each in known.by_id.values() for needle in _needles(each))]
        self._late: list[Needle] = []

    def run(self, contents: Callable[[], Iterable[Piece]], told: Callable[[int], None]) -> None:
        """Search all contents; ``contents`` is asked again where something new was learnt from the older ones."""
        search = LineSearch(Search(self._needles))
        kept = _Kept()
        for piece in contents():
            self.looked_at += 1
            told(self.looked_at)
            self._take(piece, search.found(piece.raw))
            if search.fresh:
                kept.add(search.fresh)
                self._learn(piece, search.fresh)
        # What was learnt on the way is mostly nowhere: then there is no need to read everything again.
        if self._late and kept.may_hold(Search(self._late)):
            again = LineSearch(Search(self._late))
            for piece in contents():
                self._take(piece, again.found(piece.raw))

    def _learn(self, piece: Piece, fresh: bytes) -> None:
        for past in self._past.read(piece, fresh):
            known = self._known.add(past.name, past.value, managed=True)
            if known is not None:
                self._late += _needles(known)
            elif past.plain:
                known = self._known.of(past.value)
            if past.plain and known is not None and len(known.value.reveal()) < MIN_LENGTH:
                self._add(self.values, (known.id, piece.file), "", piece, None)

    def _take(self, piece: Piece, found: Iterable[Needle]) -> None:
        for needle in found:
            if needle.name.startswith(_RECIPIENT):
                recipient = needle.name.removeprefix(_RECIPIENT)
                self.encrypted_for[recipient] = self.encrypted_for.get(recipient, 0) + 1
            elif needle.name == _PRIVATE_KEY:
                self._take_keys(piece)
            elif piece.commit:
                self._add(self.in_messages, (needle.name, piece.commit), needle.spelled, piece, needle)
            else:
                self._add(self.values, (needle.name, piece.file), needle.spelled, piece, needle)

    def _take_keys(self, piece: Piece) -> None:
        for _, text in private_keys(piece.raw):
            key = _age_key(text)
            if key is None:
                continue
            place = (key, piece.commit or piece.file)
            if place not in self.keys:
                self.keys[place] = Hits("")
            self.keys[place].blobs[piece.blob] = None
            if key.recipient and key.recipient not in self.encrypted_for:
                self.encrypted_for[key.recipient] = 0
                self._late.append(Needle(_RECIPIENT + key.recipient, "", key.recipient.encode()))

    @staticmethod
    def _add(
        where: dict[tuple[str, str], Hits], key: tuple[str, str], spelled: str, piece: Piece, needle: Needle | None
    ) -> None:
        hits = where.get(key)
        if hits is None:
            hits = where[key] = Hits(spelled, needle=needle)
        hits.blobs[piece.blob] = None


def _needles(known: Known) -> list[Needle]:
    return needles(known.id, known.value.reveal())


def _age_key(text: bytes) -> AgeKey | None:
    """Read a private key; None for what only looks like one: an example, a key with a typing mistake."""
    if text.startswith(_POST_QUANTUM):
        return AgeKey("")
    try:
        return AgeKey(Identity.from_age_key(text.decode("ascii"), "the history").recipient.key)
    except RefusedError:
        return None
