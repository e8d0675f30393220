"""Two versions of a text merged over the one they come from, key by key.

What only one side changed is taken from there, whatever stands on the next line. What both changed, differently, is a
conflict, and so is everything whose order would be a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.lineunits import Unit, units
from matrix_secrets.manifests.threeway import merged_lines
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matrix_secrets.manifests.lineunits import Label


class CannotMergeError(Exception):
    """The two versions do not fit together key by key: they have to be merged as texts, or by hand."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """What both sides did to one key; None: it was taken out there."""

    ours: Unit | None
    theirs: Unit | None

    @property
    def unit(self) -> Unit:
        """One of the two."""
        found = self.ours or self.theirs
        if found is None:
            message = "a conflict has a side"
            raise AssertionError(message)
        return found


_Merged: TypeAlias = "Unit | Conflict"


@dataclass(frozen=True, slots=True)
class Merge:
    """The result. ``ours`` and ``theirs`` are the whole texts with one side's answer to every conflict."""

    parts: tuple[Unit | Conflict, ...]
    ours: str
    theirs: str

    @property
    def conflicts(self) -> list[Conflict]:
        """The keys that were changed on both sides."""
        return [part for part in self.parts if isinstance(part, Conflict)]


Settle: TypeAlias = "Callable[[Conflict], Unit | Conflict]"
"""Answers a conflict, or leaves it one."""


def merge(base: str, ours: str, theirs: str, settle: Settle | None = None) -> Merge:
    """Merge two texts; ``settle`` is asked about each conflict. Raises CannotMergeError, BadManifestError."""
    newline = "\r\n" if "\r\n" in ours else "\n"
    texts = [text.replace("\r\n", "\n") for text in (base, ours, theirs)]
    old, left, right = (units(text) for text in texts)
    parts = tuple(_Merging(old, left, right).parts())
    if settle is not None:
        parts = tuple(settle(part) if isinstance(part, Conflict) else part for part in parts)
    ended = _three_way(*(text.endswith("\n") for text in texts))
    sides = [_text(parts, ours=side, newline=newline, ended=ended) for side in (True, False)]
    for side, text in zip((True, False), sides, strict=True):
        _prove(parts, text, ours=side)
    return Merge(parts, *sides)


def _text(parts: Sequence[_Merged], *, ours: bool, newline: str, ended: bool) -> str:
    chosen = [unit.text for part in parts if (unit := _side(part, ours=ours)) is not None]
    return ("\n".join(chosen) + ("\n" if ended and chosen else "")).replace("\n", newline)


def _side(part: _Merged, *, ours: bool) -> Unit | None:
    if isinstance(part, Unit):
        return part
    return part.ours if ours else part.theirs


def _prove(parts: Sequence[_Merged], text: str, *, ours: bool) -> None:
    """Take the result apart again: each key has to stand where it was put, with what it was given."""
    chosen = [unit for part in parts if (unit := _side(part, ours=ours)) is not None and not unit.is_text]
    try:
        found = [unit for unit in units(text.replace("\r\n", "\n")) if not unit.is_text]
    except BadManifestError:
        raise CannotMergeError from None
    if [(unit.label, unit.text) for unit in chosen] != [(unit.label, unit.text) for unit in found]:
        raise CannotMergeError


def _three_way(old: bool, left: bool, right: bool) -> bool:  # noqa: FBT001  three of a kind
    return right if left == old else left


class _Merging:
    """One merge. ``first`` is the side whose order is kept: ours, unless only theirs changed the order."""

    def __init__(self, old: Sequence[Unit], ours: Sequence[Unit], theirs: Sequence[Unit]) -> None:
        self._old = {unit.label: unit for unit in old}
        common = {unit.label for unit in old} & {unit.label for unit in ours} & {unit.label for unit in theirs}
        before, left, right = ([unit.label for unit in side if unit.label in common] for side in (old, ours, theirs))
        if before not in (left, right) and left != right:
            raise CannotMergeError
        self._swapped = left == before != right
        self._first, self._second = (theirs, ours) if self._swapped else (ours, theirs)
        self._others = {unit.label: unit for unit in self._second}
        self._result: list[_Merged] = []

    def parts(self) -> list[_Merged]:
        """Return the merged units, in order."""
        for unit in self._first:
            part = self._kept(unit)
            if part is not None:
                self._result.append(part)
        self._insert()
        return self._result

    def _kept(self, unit: Unit) -> _Merged | None:
        """What becomes of a unit of the first side."""
        old, other = self._old.get(unit.label), self._others.get(unit.label)
        if old is None:
            return unit if other is None or other.text == unit.text else self._conflict(unit, other)
        if other is None:
            return None if unit.text == old.text else self._conflict(unit, None)
        if other.text in (unit.text, old.text):
            return unit
        return other if unit.text == old.text else self._both(old, unit, other)

    def _both(self, old: Unit, first: Unit, second: Unit) -> _Merged:
        """Merge what both sides changed: of texts line by line, of anything else not at all."""
        if first.is_text:
            lines = merged_lines(*(each.text.split("\n") for each in (old, first, second)))
            if lines is not None:
                return Unit(first.label, "\n".join(lines), first.depth)
        return self._conflict(first, second)

    def _conflict(self, first: Unit | None, second: Unit | None) -> Conflict:
        return Conflict(second, first) if self._swapped else Conflict(first, second)

    def _insert(self) -> None:
        """Put in what only the second side has, each behind what it stands behind there."""
        here = {_label(part) for part in self._result}
        firsts = {unit.label for unit in self._first}
        position = 0
        for unit in self._second:
            if unit.label in here:
                position = next(at for at, part in enumerate(self._result) if _label(part) == unit.label) + 1
                continue
            old = self._old.get(unit.label)
            if unit.label in firsts or (old is not None and old.text == unit.text):
                continue  # taken out, by one side or by both
            position = self._behind(position, unit)
            self._result.insert(position, unit if old is None else self._conflict(None, unit))
            here.add(unit.label)
            position += 1

    def _behind(self, position: int, unit: Unit) -> int:
        """Step over what the first side put into the same gap, as far as it stands at least as deep."""
        while position < len(self._result):
            part = self._result[position]
            there = part.unit if isinstance(part, Conflict) else part
            if there.label in self._old or there.label in self._others or there.depth < unit.depth:
                break
            if (there.in_list or unit.in_list) and there.parent == unit.parent:
                raise CannotMergeError  # two new items of a list: their order has a meaning
            position += 1
        return position


def _label(part: _Merged) -> Label:
    return part.unit.label if isinstance(part, Conflict) else part.label
