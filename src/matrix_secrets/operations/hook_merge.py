"""Git's merge driver: two versions of an encrypted file merged by value. A conflict shows ciphertext, never a value."""

from __future__ import annotations

import hashlib
import re
import shlex
from datetime import UTC, datetime
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, Place
from matrix_secrets.manifests.lineunits import Unit
from matrix_secrets.manifests.merging import CannotMergeError, Conflict, Merge, merge
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.resources import ENCRYPTED_PREFIX
from matrix_secrets.records import dataclass
from matrix_secrets.sops.mergedblock import merged_block
from matrix_secrets.sops.mergedtext import sealed
from matrix_secrets.sops.metadata import is_encrypted
from matrix_secrets.stack.digests import CONFIG_DIGEST, SECRET_DIGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matrix_secrets.sops.mergedblock import MergedBlock
    from matrix_secrets.sops.opening import Opened

_DIGEST: Final = 32  # hexadecimal digits
_HEXADECIMAL: Final = re.compile(r"\b[0-9a-f]{32,64}\b")
_OURS: Final = "<"
_MIDDLE: Final = "="
_THEIRS: Final = ">"


@dataclass(frozen=True, slots=True)
class Versions:
    """The three versions of a file, as bytes; ``base`` is empty where both sides added it."""

    file: str
    base: bytes
    ours: bytes
    theirs: bytes
    marker: int = 7


@dataclass(frozen=True, slots=True)
class MergedFile:
    """The result. ``text`` None: the texts as they are have to be merged by Git; ``why`` says why that is.

    ``conflicts`` are the places that both sides changed; their ciphertexts stand in ``text`` between markers.
    ``mixed``: one of the versions is plain text, another is not, so that Git would put plain lines into an encrypted
    file.
    """

    text: str | None
    conflicts: tuple[Place, ...] = ()
    why: str = ""
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class _Side:
    plain: str
    opened: Opened | None


def merge_versions(
    versions: Versions, opened: Callable[[str], Opened], *, plain: bool = False, now: datetime | None = None
) -> MergedFile:
    """Merge. ``opened`` opens an encrypted text; ``plain`` lets a conflict be shown in plain text."""
    file = versions.file
    try:
        old, ours, theirs = (_side(raw, file, opened) for raw in (versions.base, versions.ours, versions.theirs))
    except MatrixSecretsError as error:
        return MergedFile(None, why=error.message, mixed=_is_mixed(versions))
    if ours.opened is None and theirs.opened is None:
        return MergedFile(None)  # plain on both sides: a text like any other
    try:
        merged = merge(old.plain, ours.plain, theirs.plain, _settled)
        if plain and merged.conflicts:
            return MergedFile(_marked_plain(merged, versions.marker), tuple(_places(merged, file)))
        block = merged_block(old.opened, ours.opened, theirs.opened)
        return _encrypted(versions, (ours, theirs), merged, block, now or datetime.now(UTC))
    except CannotMergeError:
        why = "the two versions do not fit together key by key"
    except BadManifestError as error:
        why = error.message
    return MergedFile(None, why=why, mixed=_is_mixed(versions))


def _side(raw: bytes, file: str, opened: Callable[[str], Opened]) -> _Side:
    text = decode(raw, file)
    if not is_encrypted(parse(text, file)):
        return _Side(text, None)
    found = opened(text)
    return _Side(found.plain, found)


def _is_mixed(versions: Versions) -> bool:
    mark = ENCRYPTED_PREFIX.encode()
    return len({mark in raw for raw in (versions.base, versions.ours, versions.theirs) if raw.strip()}) > 1


def _settled(conflict: Conflict) -> Unit | Conflict:
    """Answer a conflict of digests, which follow from the values: with a new one, that `encrypt` brings up to date.

    It is neither side's, so that the pods restart whichever of the two they run with.
    """
    ours, theirs = conflict.ours, conflict.theirs
    if ours is None or theirs is None or ours.label[-1] not in (CONFIG_DIGEST, SECRET_DIGEST):
        return conflict
    new = hashlib.sha256(f"{ours.text}\n{theirs.text}".encode()).hexdigest()[:_DIGEST]
    return Unit(ours.label, _HEXADECIMAL.sub(new, ours.text, count=1), ours.depth)


def _encrypted(
    versions: Versions, sides: tuple[_Side, _Side], merged: Merge, block: MergedBlock, at: datetime
) -> MergedFile:
    if not merged.conflicts:
        for side in sides:
            if side.opened is not None and side.opened is block.like and side.plain == merged.ours:
                return MergedFile(side.opened.stream.text)
        return MergedFile(sealed(merged.ours, block, versions.file, at))
    ours = sealed(merged.ours, block, versions.file, at)
    theirs = sealed(merged.theirs, block, versions.file, at, also=[ours])
    text = "".join(_marked(ours.splitlines(keepends=True), theirs.splitlines(keepends=True), versions.marker))
    return MergedFile(text, tuple(_places(merged, versions.file)))


def _marked(ours: Sequence[str], theirs: Sequence[str], marker: int) -> Iterator[str]:
    """Yield the lines of both texts, those that differ between markers."""
    newline = "\r\n" if ours and ours[0].endswith("\r\n") else "\n"
    for tag, begin, end, other, last in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from ours[begin:end]
            continue
        yield f"{_OURS * marker} ours{newline}"
        yield from _ended(ours[begin:end], newline)
        yield f"{_MIDDLE * marker}{newline}"
        yield from _ended(theirs[other:last], newline)
        yield f"{_THEIRS * marker} theirs{newline}"


def _ended(lines: Sequence[str], newline: str) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else line + newline


def _marked_plain(merged: Merge, marker: int) -> str:
    lines = _marked(merged.ours.splitlines(keepends=True), merged.theirs.splitlines(keepends=True), marker)
    return "".join(lines)


def _places(merged: Merge, file: str) -> Iterator[Place]:
    for conflict in merged.conflicts:
        yield _place(conflict, file)


def _place(conflict: Conflict, file: str) -> Place:
    document = conflict.unit.label[0]
    named = f"{document[0]}/{document[-1]}" if isinstance(document, tuple) and len(document) > 1 else ""
    path = conflict.unit.path
    return Place(file, named, path[1:] if path[:1] in (("data",), ("stringData",)) and len(path) > 1 else path)


def advice(file: str, *, plain: bool) -> str:
    """Say what to do about a conflict: one whole side; of one in plain text, encrypt it again."""
    name = shlex.quote(file)
    if plain:
        return f"{file} is PLAIN TEXT now: finish the merge, then: matrix-secrets encrypt {name}"
    return f"take the lines of one side everywhere in {file}, the mac: included, or: git checkout --ours {name}"
