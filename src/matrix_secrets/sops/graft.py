"""The attack on a changed set of recipients: a leaver's old data key, put back by way of the old ``age:`` block.

Whoever could read a file once has its data key for ever. Where a file keeps that key (`sops updatekeys` does), the old
block, grafted into the new file, opens the new values. Tried here on every file that somebody was taken off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from matrix_secrets.errors import NoIdentityError
from matrix_secrets.manifests.comments import attach
from matrix_secrets.manifests.edits import splice
from matrix_secrets.manifests.parse import parse
from matrix_secrets.records import dataclass
from matrix_secrets.sops.cipher import DataKey, NotAuthenticError
from matrix_secrets.sops.format import PREFIX
from matrix_secrets.sops.metadata import Metadata, read_metadata
from matrix_secrets.sops.placement import blocks as placed_blocks
from matrix_secrets.sops.stanzas import stanza_edits
from matrix_secrets.sops.treeitems import Leaf
from matrix_secrets.sops.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.manifests.nodes import Stream


class OpensDataKeys(Protocol):
    """Opens the data key of a file with the identities at hand."""

    def data_key(self, metadata: Metadata, file: str) -> DataKey:
        """Return the data key. Raises NoIdentityError."""


@dataclass(frozen=True, slots=True)
class Graft:
    """How the attack went: the old key opens ``old`` ciphertexts in the old file, and ``opened`` of ``new`` ones.

    ``tried`` is False where the old data key could not be had: only the sops program opens that file.
    """

    old: int
    new: int
    opened: int
    tried: bool = True

    @property
    def failed(self) -> bool:
        """Whether the attacker gets nothing."""
        return self.tried and self.opened == 0


def grafted(old: str, new: str, file: str) -> str:
    """Put the old file's age stanzas into the new one, as an attacker with an old clone would."""
    return splice(new, stanza_edits(parse(new, file), read_metadata(parse(old, file)).age))


def grafted_whole(old: str, new: str, file: str) -> str:
    """Put the old file's whole block, keys of every kind included, into every document of the new one."""
    source, target = parse(old, file), parse(new, file)
    block = next((edit for edit in placed_blocks(source) if edit is not None), None)
    if block is None:
        return new
    return splice(
        new,
        [edit._replace(new=old[block.start : block.end]) for edit in placed_blocks(target) if edit is not None],
    )


def ciphertexts(text: str, file: str) -> int:
    """Count the values, comments and the MAC of an encrypted text."""
    return sum(1 for _ in _ciphertexts(parse(text, file)))


def graft(keys: OpensDataKeys, old: str, new: str, *, file: str) -> Graft:
    """Attack a new text with the old one's block. Nothing is written."""
    try:
        stolen = keys.data_key(read_metadata(parse(grafted(old, new, file), file)), file)
    except NoIdentityError:
        return Graft(0, 0, 0, tried=False)
    # The MAC comes last: that the key opens it in the old file shows that it is the old file's key.
    control, attack = ([_opens(stolen, *pair) for pair in _ciphertexts(parse(text, file))] for text in (old, new))
    return Graft(sum(control), len(attack), sum(attack), tried=control[-1])


def _ciphertexts(stream: Stream) -> Iterator[tuple[str, str]]:
    """Yield all values, comments and the MAC of a file, each with the path that it is authenticated with."""
    metadata = read_metadata(stream)
    selection = metadata.selection
    attached = attach(stream.text) if selection.by_comment or "#" + PREFIX in stream.text else None
    comments = attached.comments if attached is not None else ()
    for item in walk(stream, selection, attached):
        if isinstance(item, Leaf):
            text = item.node.value
        else:
            text = stream.text[comments[item.number].start + 1 : comments[item.number].end]
        if text.startswith(PREFIX):
            yield text, item.aad
    yield metadata.mac, metadata.mac_aad


def _opens(key: DataKey, ciphertext: str, aad: str) -> bool:
    try:
        key.decrypt(ciphertext, aad)
    except NotAuthenticError:
        return False
    return True
