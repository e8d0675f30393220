"""What somebody could read in any branch or tag, and that is still in use: compared in memory, never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError
from matrix_secrets.gitrepo.history import Seen, contents, first_seen, is_shallow, versions
from matrix_secrets.manifests.parse import parse
from matrix_secrets.operations.keys_reader import Reader, Search, haystack
from matrix_secrets.records import dataclass
from matrix_secrets.sops.metadata import is_encrypted, read_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from matrix_secrets.gitrepo.history import Version
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.keys_files import SealedFile
    from matrix_secrets.operations.keys_reader import Opens
    from matrix_secrets.operations.keys_values import HeldValue
    from matrix_secrets.sops.cipher import DataKey

_WORTH_PARSING: Final = ("Secret", "homeserver.yaml")  # in plain text: where base64 and quotes can hide a value


@dataclass(frozen=True, slots=True)
class Exposed:
    """A value in use that somebody could read. ``file`` is where, ``plain`` says that it stood there in plain text.

    ``seen`` is the commit that brought it there; None where it was never committed. ``by_data_key``: the file was not
    encrypted for them, but under a data key that they have from another version.
    """

    held: HeldValue
    file: str
    plain: bool
    seen: Seen | None
    by_data_key: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What was found. ``closed`` are versions that somebody could read and we cannot: file and blob.

    ``open_files`` are today's that are not encrypted for them, but under a data key that they have.
    """

    exposed: tuple[Exposed, ...]
    closed: tuple[tuple[str, str], ...]
    open_files: tuple[str, ...]
    looked_at: int
    shallow: bool


def read_by(
    work_tree: WorkTree,
    keys: Collection[str],
    today: Sequence[SealedFile],
    values: Sequence[HeldValue],
    opener: Opens,
    told: Callable[[int, int], None] | None = None,
) -> History:
    """Find which values in use the holders of these keys could read: today, or in any version of any file.

    A version in plain text counts as readable for everybody; one that is not encrypted for them, as soon as another one
    under the same data key is. Raises OutsideError where Git cannot read its history.
    """
    looking = _Looking(work_tree, Search(values), Reader(keys, opener))
    others = list(looking.through(today))
    every = versions(work_tree)
    for number, (version, raw) in enumerate(contents(work_tree, every)):
        if told is not None:
            told(number, len(every))
        if not looking.search.left and all(looking.reader.has(key) for _, key in others):
            break
        looking.at(version, raw)
    # Only now is it known which data keys they have.
    open_files = [sealed for sealed, key in others if looking.reader.has(key)]
    looking.again(open_files)
    names = tuple(sealed.file for sealed in open_files)
    return History(tuple(looking.exposed), tuple(looking.closed), names, len(every), is_shallow(work_tree))


class _Looking:
    """Collects what is found. ``waiting`` are versions that are not encrypted for them, with their data keys."""

    def __init__(self, work_tree: WorkTree, search: Search, reader: Reader) -> None:
        self.search = search
        self.reader = reader
        self.exposed: list[Exposed] = []
        self.closed: list[tuple[str, str]] = []
        self._work_tree = work_tree
        self._waiting: list[tuple[Version, DataKey]] = []

    def through(self, today: Sequence[SealedFile]) -> Iterator[tuple[SealedFile, DataKey | None]]:
        """Look into today's files; yield those that are not encrypted for them, with their data keys."""
        for sealed in today:
            if not self.reader.is_meant(sealed.metadata, sealed.file):
                yield sealed, self.reader.data_key(sealed.metadata, sealed.file)
                continue
            opened = self.reader.opened(sealed.text, sealed.file)
            if opened is None:
                self.closed.append((sealed.file, "as it is now"))
            else:
                self.exposed += [
                    Exposed(held, sealed.file, plain=False, seen=None) for held in self.search.take(*opened)
                ]

    def at(self, version: Version, raw: bytes) -> None:
        """Look into a version."""
        for held, plain in self._in_version(version, raw):
            self.exposed.append(Exposed(held, version.file, plain, first_seen(self._work_tree, version)))

    def again(self, open_files: Sequence[SealedFile]) -> None:
        """Look into these, and into what waited, for the data keys that they turned out to have."""
        for sealed in open_files:
            for held in self.search.take(*(self.reader.opened(sealed.text, sealed.file) or ("",))):
                self.exposed.append(Exposed(held, sealed.file, plain=False, seen=None, by_data_key=True))
        also = [version for version, key in self._waiting if self.reader.has(key)]
        for version, raw in contents(self._work_tree, also):
            for held in self.search.take(*(self.reader.opened(raw.decode("utf-8"), version.file) or ("",))):
                seen = first_seen(self._work_tree, version)
                self.exposed.append(Exposed(held, version.file, plain=False, seen=seen, by_data_key=True))

    def _in_version(self, version: Version, raw: bytes) -> Iterator[tuple[HeldValue, bool]]:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            return
        yield from ((held, True) for held in self.search.take(text))
        if not version.file.endswith((".yaml", ".yml")):
            return
        try:
            if not any(mark in text for mark in (*_WORTH_PARSING, "sops")):
                return
            stream = parse(text, version.file)
            if not is_encrypted(stream):
                if any(mark in text for mark in _WORTH_PARSING):
                    yield from ((held, True) for held in self.search.take(*haystack(text, version.file)))
                return
            metadata = read_metadata(stream)
            if not self.reader.is_meant(metadata, version.file):
                key = self.reader.data_key(metadata, version.file)
                self._waiting += [] if key is None else [(version, key)]
                return
            opened = self.reader.opened(text, version.file)
            if opened is None:
                self.closed.append((version.file, version.blob[:8]))
            else:
                yield from ((held, False) for held in self.search.take(*opened))
        except BadManifestError:
            return  # no manifest: its text was searched as it is
