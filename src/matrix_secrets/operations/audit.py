"""What the history holds in plain text: searched, compared with today's values, and told without showing any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from matrix_secrets.checks.spellings import offset_of
from matrix_secrets.gitrepo.attribution import Introduction, dates, introductions, reach
from matrix_secrets.gitrepo.objects import Objects
from matrix_secrets.gitrepo.objectstream import EVERYTHING, messages, pieces
from matrix_secrets.operations.audit_leak import Leak, Since
from matrix_secrets.operations.audit_past import Past
from matrix_secrets.operations.audit_search import HistorySearch
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from matrix_secrets.checks.spellings import Needle
    from matrix_secrets.errors import MatrixSecretsError
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.gitrepo.objectstream import Piece
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.operations.audit_baseline import Seal
    from matrix_secrets.operations.audit_known import Known, KnownValues
    from matrix_secrets.operations.audit_search import Hits
    from matrix_secrets.stack.model import Stack


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of it. ``locked`` are today's files that do not open, ``closed`` older versions: file and blob.

    ``looked_at`` counts contents, messages of commits included.
    """

    leaks: tuple[Leak, ...]
    locked: dict[str, MatrixSecretsError]
    closed: dict[str, str]
    looked_at: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched: ``revisions`` are words of git rev-list; ``index`` adds what is staged."""

    revisions: tuple[str, ...] = EVERYTHING
    index: bool = True


def audit(
    work_tree: WorkTree,
    known: KnownValues,
    stacks: Sequence[Stack],
    decrypt: Callable[[Stream], str],
    seal: Seal,
    wanted: Wanted,
    told: Callable[[int], None],
) -> Audit:
    """Search the history. ``decrypt`` returns the plain text of an encrypted one. Raises OutsideError, UsageError."""
    past = Past(decrypt, stacks)
    search = HistorySearch(known, past)

    def contents() -> Iterator[Piece]:
        yield from pieces(work_tree, wanted.revisions, index=wanted.index)
        yield from messages(work_tree, wanted.revisions)

    search.run(contents, told)
    with Objects(work_tree) as objects:
        leaks = _Telling(work_tree, known, search, wanted.revisions, objects).leaks()
        sealed = tuple(replace(leak, fingerprint=_fingerprint(leak, seal)) for leak in leaks)
    return Audit(sealed, known.locked, past.closed, search.looked_at)


def _fingerprint(leak: Leak, seal: Seal) -> str:
    secret = leak.known.value.reveal() if leak.known is not None else leak.recipient or ""
    what = leak.since.commit if leak.since is not None and not leak.file else leak.file
    return seal.fingerprint(leak.name, secret, what, str(leak.in_use))


class _Telling:
    """Turns hits into leaks: one walk finds the commits of all of them."""

    def __init__(
        self,
        work_tree: WorkTree,
        known: KnownValues,
        search: HistorySearch,
        revisions: tuple[str, ...],
        objects: Objects,
    ) -> None:
        self._work_tree = work_tree
        self._known = known
        self._search = search
        self._objects = objects
        every = [*search.values.values(), *search.keys.values()]
        blobs = {blob for hits in every for blob in hits.blobs if blob}
        self._introduced = introductions(work_tree, blobs, revisions)
        self._reached: dict[str, Since] = {}

    def leaks(self) -> Iterator[Leak]:
        """Yield the leaks, values first, by file and name."""
        values = self._known.by_id
        for (number, file), hits in sorted(self._search.values.items(), key=lambda item: (item[0][1], int(item[0][0]))):
            oldest = self._oldest(hits.blobs)
            blob, introduced = oldest or (next(iter(hits.blobs)), None)
            yield Leak(
                introduced.file if introduced else file,
                self._line(hits, blob),
                hits.spelled,
                self._in_use(values[number]),
                self._since(introduced),
                values[number],
                versions=len(hits.blobs),
            )
        found = dates(self._work_tree, {commit for _, commit in self._search.in_messages if "/" not in commit})
        for (number, commit), hits in sorted(self._search.in_messages.items()):
            since = self._reaching(commit, found.get(commit, ""))
            yield Leak("", None, hits.spelled, self._in_use(values[number]), since, values[number])
        yield from self._key_leaks()

    def _in_use(self, known: Known) -> bool | None:
        """Whether a value stands somewhere today; None where a file does not open, which may hold it."""
        return True if known.places else (None if self._known.locked else False)

    def _key_leaks(self) -> Iterator[Leak]:
        for (key, where), hits in sorted(self._search.keys.items(), key=lambda item: item[0][1]):
            opens = self._search.encrypted_for.get(key.recipient, 0)
            oldest = self._oldest(hits.blobs)
            in_message = "" in hits.blobs
            since = self._reaching(where, "") if in_message else self._since(oldest[1] if oldest else None)
            file = "" if in_message else (oldest[1].file if oldest else where)
            in_use = opens > 0 or not key.recipient
            yield Leak(file, None, "", in_use, since, recipient=key.recipient, opens=opens, versions=len(hits.blobs))

    def _oldest(self, blobs: Iterable[str]) -> tuple[str, Introduction] | None:
        found = [(blob, self._introduced[blob]) for blob in blobs if blob in self._introduced]
        return max(found, key=lambda pair: pair[1].age) if found else None

    def _since(self, introduced: Introduction | None) -> Since | None:
        if introduced is None:
            return None
        return self._reaching(introduced.commit, introduced.date)

    def _reaching(self, commit: str, date: str) -> Since:
        if commit not in self._reached:
            found = reach(self._work_tree, commit)
            self._reached[commit] = Since(commit, date, found.refs, found.published)
        return self._reached[commit]

    def _line(self, hits: Hits, blob: str) -> int | None:
        needle: Needle | None = hits.needle
        raw = self._objects.read(blob) if needle is not None else None
        if needle is None or raw is None:
            return None
        offset = offset_of(needle, raw)
        return None if offset is None else raw.decode("utf-8", errors="surrogateescape").count("\n", 0, offset) + 1
