"""One file after the other gets other readers: planned, with what each change proves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.agekeys.recipient import Recipient, short
from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.operations.allcores import spread
from matrix_secrets.operations.plan import Change
from matrix_secrets.records import dataclass
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.transaction import FileWrite

if TYPE_CHECKING:
    from matrix_secrets.operations.keys_files import SealedFile
    from matrix_secrets.sops.creationrules import CreationRule
    from matrix_secrets.sops.graft import Graft
    from matrix_secrets.sops.rekey import Rekeyed
    from matrix_secrets.sops.rekeying import Rekeying
    from matrix_secrets.stack.workspace import Workspace

Told = Callable[[int, int], None]
"""Told how many files are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A file whose readers change. ``rule`` is the one that will hold for it.

    ``gain`` are recipients as their rule spells them, ``lose`` keys. Whoever loses a file loses it by a new data key.
    ``text`` is what the file shall hold, encrypted as it still is: that is never written, it gets a new data key first.
    """

    sealed: SealedFile
    rule: CreationRule | None
    gain: tuple[str, ...] = ()
    lose: tuple[str, ...] = ()
    text: str | None = None

    @property
    def readers(self) -> list[str]:
        """The recipients as they will be, those who stay first; ssh keys with their comments."""
        staying = [recipient for recipient, _ in self.sealed.metadata.age if key_of(recipient) not in self.lose]
        return list(dict.fromkeys([*staying, *self.gain]))

    @property
    def renews(self) -> bool:
        """Whether the file gets a new data key."""
        return bool(self.lose) or self.text is not None


@dataclass(frozen=True, slots=True)
class Turned:
    """What came of it. ``grafts`` are the attacks that were tried on files with a new data key, by file."""

    changes: tuple[Change, ...] = ()
    writes: tuple[FileWrite, ...] = ()
    grafts: Mapping[str, Graft] = field(default_factory=dict)


def turned(
    workspace: Workspace,
    turns: Sequence[Turn],
    rekeying: Rekeying,
    names: Mapping[str, str],
    told: Told | None = None,
) -> Turned:
    """Make the new text of each file, in memory; what was made is read back, and attacked, before it is returned.

    Raises NoIdentityError, TamperedError, RefusedError for a file that nobody could read any more.
    """
    changes: list[Change] = []
    writes: list[FileWrite] = []
    grafts: dict[str, Graft] = {}
    size = sum(len(turn.sealed.raw) for turn in turns)
    done = spread(lambda turn: _rekeyed(turn, rekeying), turns, size=size)
    for number, (turn, (made, graft)) in enumerate(zip(turns, done, strict=True)):
        sealed = turn.sealed
        if graft is not None:
            grafts[sealed.file] = graft
            action, detail = "new data key", f"{_count(made.values, 'ciphertext')} anew"
        else:
            action, detail = "readers changed", ""
        said = "; ".join(part for part in (detail, *_who(turn, names)) if part)
        changes.append(Change(Place(sealed.file), action, said))
        writes.append(FileWrite(workspace.root / sealed.file, sealed.raw, made.text.encode()))
        if told is not None:
            told(number, len(turns))
    return Turned(tuple(changes), tuple(writes), grafts)


def _rekeyed(turn: Turn, rekeying: Rekeying) -> tuple[Rekeyed, Graft | None]:
    """Make a file's new text; under a new data key it is attacked as well."""
    _require_reader(turn)
    sealed = turn.sealed
    recipients = [Recipient.parse(text) for text in turn.readers]
    if turn.renews:
        text = sealed.text if turn.text is None else turn.text
        done = rekeying.renewed(text, sealed.metadata, recipients, file=sealed.file, rule=turn.rule)
        return done, rekeying.attacked(sealed.text, done.text, file=sealed.file)
    gain = {key_of(each) for each in turn.gain}
    new = [recipient for recipient in recipients if recipient.key in gain]
    return rekeying.extended(sealed.text, sealed.metadata, new, file=sealed.file, rule=turn.rule), None


def _require_reader(turn: Turn) -> None:
    if turn.readers or turn.sealed.metadata.other_keys:
        return
    raise RefusedError(
        "nobody could read it any more",
        place=Place(turn.sealed.file),
        hint="matrix-secrets keys add NAME RECIPIENT first: somebody has to be left",
    )


def _who(turn: Turn, names: Mapping[str, str]) -> list[str]:
    return [
        f"{verb} {', '.join(names.get(key_of(key)) or short(key_of(key)) for key in keys)}"
        for verb, keys in (("gains", turn.gain), ("loses", turn.lose))
        if keys
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
