"""What somebody could read in any branch or tag, and that is still in use: compared in memory, never shown."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, MatrixSecretsError
from matrix_secrets.gitrepo.history import Seen, contents, first_seen, is_shallow, versions
from matrix_secrets.manifests.nodes import Scalar, leaves
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import DATA, resources
from matrix_secrets.sops.metadata import is_encrypted, read_metadata
from matrix_secrets.sops.rekey import readers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from matrix_secrets.gitrepo.history import Version
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.keys_files import SealedFile
    from matrix_secrets.operations.keys_values import HeldValue

_SEARCHABLE: Final = 8  # characters; shorter values stand in texts by chance, so they must be a whole value there
_WORTH_PARSING: Final = ("Secret", "homeserver.yaml")  # in plain text: where base64 and quotes can hide a value


@dataclass(frozen=True, slots=True)
class Exposed:
    """A value in use that somebody could read. ``file`` is where, ``plain`` says that it stood there in plain text.

    ``seen`` is the commit that brought it there; None where it was never committed.
    """

    held: HeldValue
    file: str
    plain: bool
    seen: Seen | None


@dataclass(frozen=True, slots=True)
class History:
    """What was found. ``closed`` are versions that somebody could read and we cannot: file and blob."""

    exposed: tuple[Exposed, ...]
    closed: tuple[tuple[str, str], ...]
    looked_at: int
    shallow: bool


class _Search:
    """The values that are still looked for, in their different spellings."""

    def __init__(self, values: Sequence[HeldValue]) -> None:
        self.left = {held: _needles(held.value.reveal()) for held in values}

    def take(self, haystack: str, scalars: Collection[str] = ()) -> list[HeldValue]:
        """Return the values that stand in a text, and look for them no longer."""
        found = [
            held
            for held, needles in self.left.items()
            if any(needle in haystack for needle in needles) or held.value.reveal() in scalars
        ]
        for held in found:
            del self.left[held]
        return found


def read_by(
    work_tree: WorkTree,
    keys: Collection[str],
    today: Sequence[SealedFile],
    values: Sequence[HeldValue],
    decrypt: Callable[[str, str], str],
    told: Callable[[int, int], None] | None = None,
) -> History:
    """Find which values in use the holders of these keys could read: today, or in any version of any file.

    ``decrypt`` takes an encrypted text and a file's name. A version in plain text counts as readable for everybody.
    Raises OutsideError where Git cannot read its history.
    """
    search = _Search(values)
    exposed: list[Exposed] = []
    closed: list[tuple[str, str]] = []
    for sealed in today:
        if sealed.readers & set(keys):
            haystack = _opened(sealed.text, sealed.file, decrypt)
            if haystack is None:
                closed.append((sealed.file, "as it is now"))
            else:
                exposed += [Exposed(held, sealed.file, plain=False, seen=None) for held in search.take(*haystack)]
    every = versions(work_tree)
    for number, (version, raw) in enumerate(contents(work_tree, every)):
        if told is not None:
            told(number, len(every))
        if not search.left:
            break
        for held, plain in _in_version(version, raw, set(keys), search, decrypt, closed):
            exposed.append(Exposed(held, version.file, plain, first_seen(work_tree, version)))
    return History(tuple(exposed), tuple(closed), len(every), is_shallow(work_tree))


def _in_version(
    version: Version,
    raw: bytes,
    keys: set[str],
    search: _Search,
    decrypt: Callable[[str, str], str],
    closed: list[tuple[str, str]],
) -> Iterator[tuple[HeldValue, bool]]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return
    yield from ((held, True) for held in search.take(text))
    if not version.file.endswith((".yaml", ".yml")):
        return
    try:
        if not any(mark in text for mark in (*_WORTH_PARSING, "sops")):
            return
        stream = parse(text, version.file)
        encrypted = is_encrypted(stream)
        if not encrypted and any(mark in text for mark in _WORTH_PARSING):
            yield from ((held, True) for held in search.take(*_haystack(text, version.file)))
        elif encrypted and readers(read_metadata(stream)) & keys:
            haystack = _opened(text, version.file, decrypt)
            if haystack is None:
                closed.append((version.file, version.blob[:8]))
            else:
                yield from ((held, False) for held in search.take(*haystack))
    except BadManifestError:
        return  # no manifest: its text was searched as it is


def _opened(text: str, file: str, decrypt: Callable[[str, str], str]) -> tuple[str, frozenset[str]] | None:
    try:
        return _haystack(decrypt(text, file), file)
    except MatrixSecretsError:
        return None


def _haystack(text: str, file: str) -> tuple[str, frozenset[str]]:
    """A plain text with what quotes, escapes and base64 hide in it, and all its values one by one."""
    try:
        stream = parse(text, file)
    except BadManifestError:
        return text, frozenset()
    scalars = {
        leaf.node.value
        for document in stream.documents
        for leaf in leaves(document.root)
        if isinstance(leaf.node, Scalar)
    }
    for resource in resources(stream):
        for entry in resource.entries():
            if entry.field == DATA and resource.kind == "Secret":
                try:
                    scalars.add(entry.embedded().text)
                except BadManifestError:
                    continue
    return "\n".join([text, *scalars]), frozenset(scalar.strip() for scalar in scalars)


def _needles(value: str) -> tuple[str, ...]:
    if len(value) < _SEARCHABLE:
        return ()
    return value, base64.b64encode(value.encode()).decode("ascii")
