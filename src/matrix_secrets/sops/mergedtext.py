"""A merged plain text encrypted: what one of the sides had already keeps its ciphertext."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.encryption import encrypt_with
from matrix_secrets.sops.keeping import Kept
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.sops.opening import open_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from matrix_secrets.manifests.edits import Edit
    from matrix_secrets.sops.mergedblock import MergedBlock
    from matrix_secrets.sops.metadata import Metadata
    from matrix_secrets.sops.opening import Opened
    from matrix_secrets.sops.sealing import Wanted


class KeptOfBoth:
    """Reuse for a merge: each value as the first of the sides has it; the block as the one that says what it should."""

    def __init__(self, sides: Sequence[Opened], like: Opened | None) -> None:
        self._sides = [Kept(side) for side in sides]
        self._like = next((kept for kept, side in zip(self._sides, sides, strict=True) if side is like), None)

    @property
    def as_entries(self) -> bool:
        """Whether comments may become entries of lists."""
        return all(kept.as_entries for kept in self._sides)

    @as_entries.setter
    def as_entries(self, value: bool) -> None:
        for kept in self._sides:
            kept.as_entries = value

    def start(self) -> None:
        """Offer everything again."""
        for kept in self._sides:
            kept.start()

    def edits(self, wanted: Wanted, plain: str) -> Sequence[Edit] | None:
        """Return the first side's edits that put an old ciphertext in place."""
        found = (kept.edits(wanted, plain) for kept in self._sides)
        return next((edits for edits in found if edits is not None), None)

    def leaves_comment(self, text: str) -> bool:
        """Whether a comment is ciphertext that nobody could open."""
        return any(kept.leaves_comment(text) for kept in self._sides)

    def block(self, document: int, metadata: Metadata, indent: str) -> str | None:
        """Return the block of the side that says what the result should say."""
        return None if self._like is None else self._like.block(document, metadata, indent)


def sealed(plain: str, block: MergedBlock, file: str, at: datetime, also: Sequence[str] = ()) -> str:
    """Encrypt a merged text. ``also`` are encrypted texts under the same key whose ciphertexts are kept first.

    Raises BadManifestError where the result could not be opened again as it was.
    """
    more = [_opened(text, block, file) for text in also]
    sides = [*more, *block.keeping]
    reuse = KeptOfBoth(sides, more[0] if more else block.like)
    return encrypt_with(parse(plain, file), block.metadata, block.key, reuse, at).text


def _opened(text: str, block: MergedBlock, file: str) -> Opened:
    stream = parse(text, file)
    return open_file(stream, read_metadata(stream), block.key)
