"""The ``sops:`` block of two encrypted versions that are merged: who reads the result, and under which data key."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.recipient import Recipient
from matrix_secrets.agekeys.wrap import wrap_data_key
from matrix_secrets.manifests.merging import CannotMergeError
from matrix_secrets.manifests.nodes import Scalar, leaves
from matrix_secrets.records import dataclass
from matrix_secrets.sops.cipher import DataKey
from matrix_secrets.sops.metadata import Metadata
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.sops.stanzas import blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.sops.opening import Opened

_ANEW: Final = frozenset({"age", "lastmodified", "mac", "version"})
_SETTINGS: Final = tuple(each.name for each in fields(Metadata) if each.name not in _ANEW)


@dataclass(frozen=True, slots=True)
class MergedBlock:
    """The metadata of the result, date and MAC apart, its data key, and the sides whose ciphertexts that key opens.

    ``like`` is the side whose block says just that already, None where neither does.
    """

    metadata: Metadata
    key: DataKey
    keeping: tuple[Opened, ...]
    like: Opened | None


def merged_block(old: Opened | None, ours: Opened | None, theirs: Opened | None) -> MergedBlock:
    """Merge the blocks; a side that is plain has none. Raises CannotMergeError where both changed the same setting.

    Whoever was added on one side reads the result, whoever was taken off on one side does not: the data key is one that
    nobody who was taken off knows.
    """
    sides = [side for side in (ours, theirs) if side is not None]
    if not sides:
        raise CannotMergeError
    first, last = sides[0], sides[-1]
    _require_same_others(first, last)
    settings = {name: _setting(name, old, first, last) for name in _SETTINGS}
    readers = _readers(old, first, last)
    key, source = _key(old, first, last, {key_of(reader) for reader in readers})
    age = _stanzas(readers, key, [side for side in (source, *sides) if side is not None and _same_key(side.key, key)])
    metadata = replace(first.metadata, age=age, **settings)  # type: ignore[arg-type]  # each its own field's
    keeping = tuple(side for side in sides if _same_key(side.key, key))
    like = next((side for side in keeping if _says(side.metadata, metadata)), None)
    return MergedBlock(metadata, key, keeping, like)


def _setting(name: str, old: Opened | None, first: Opened, last: Opened) -> object:
    left, right = getattr(first.metadata, name), getattr(last.metadata, name)
    if left == right:
        return left
    before = getattr(old.metadata, name) if old is not None else None
    if before not in (left, right) or old is None:
        raise CannotMergeError
    return right if left == before else left


def _readers(old: Opened | None, first: Opened, last: Opened) -> list[str]:
    """Merge the recipients as sets, each as it is spelled where it was found first."""
    spelled = {key_of(who): who for side in (last, first) for who, _ in side.metadata.age}
    before, left, right = (
        {key_of(who) for who, _ in side.metadata.age} if side is not None else set() for side in (old, first, last)
    )
    staying = (left & right) | (left - before) | (right - before)
    order = [key_of(who) for side in (first, last) for who, _ in side.metadata.age]
    return [spelled[key] for key in dict.fromkeys(order) if key in staying]


def _key(old: Opened | None, first: Opened, last: Opened, readers: set[str]) -> tuple[DataKey, Opened | None]:
    """Choose the data key, and the side that it comes from; a new one has none."""
    candidates = [first, last]
    if not _same_key(first.key, last.key) and old is not None and _same_key(first.key, old.key):
        candidates = [last]  # theirs made a new one: the old one is known to whoever was taken off
    elif not _same_key(first.key, last.key) and old is not None and _same_key(last.key, old.key):
        candidates = [first]
    for side in candidates:
        gone = {key_of(who) for who, _ in side.metadata.age} - readers
        if not gone or _same_key(first.key, last.key):
            return side.key, side
    return DataKey.new(), None


def _stanzas(readers: Sequence[str], key: DataKey, sides: Sequence[Opened]) -> tuple[tuple[str, str], ...]:
    known = {key_of(who): (who, armored) for side in reversed(sides) for who, armored in side.metadata.age}
    missing = [Recipient.parse(who) for who in readers if key_of(who) not in known]
    wrapped = wrap_data_key(key.reveal(), missing) if missing else {}
    new = {recipient.key: (str(recipient), armored) for recipient, armored in wrapped.items()}
    return tuple(known.get(key_of(who)) or new[key_of(who)] for who in readers)


def _same_key(one: DataKey, other: DataKey) -> bool:
    return one.reveal() == other.reveal()


def _says(there: Metadata, wanted: Metadata) -> bool:
    return all(getattr(there, name) == getattr(wanted, name) for name in (*_SETTINGS, "age"))


def _require_same_others(first: Opened, last: Opened) -> None:
    """Keys of other kinds cannot be wrapped here: nothing about them may have changed."""
    if not any(side.metadata.other_keys or side.metadata.groups > 1 for side in (first, last)):
        return
    if not _same_key(first.key, last.key) or _whole(first) != _whole(last):
        raise CannotMergeError


def _whole(opened: Opened) -> list[tuple[object, str]]:
    """All that the first block says, date and MAC apart."""
    for _, block in blocks(opened.stream):
        return [
            (leaf.path, leaf.node.value)
            for leaf in leaves(block)
            if isinstance(leaf.node, Scalar) and leaf.path[0] not in ("lastmodified", "mac", "version")
        ]
    return []
