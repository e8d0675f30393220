"""An encrypted text as people read it: something short in the place of each ciphertext, one line for the blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.sops.commentopening import COMMENT
from matrix_secrets.sops.placement import blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.openedvalue import OpenedValue
    from matrix_secrets.sops.opening import Opened

_CIPHERTEXT: Final = re.compile(r"(?P<quote>[\"']?)ENC\[AES256_GCM,[^\]\n]*\] ?(?P=quote)")


def masked(opened: Opened, mask: Callable[[OpenedValue], str], block: str) -> str:
    """Put ``mask``'s text in the place of each value and comment, and ``block`` at the end instead of the blocks."""
    text = opened.stream.text
    edits = [_edit(text, value, mask(value)) for value in (*opened.values, *opened.strays) if value.edits]
    return _without_blocks(opened.stream, edits, block)


def masked_unopened(stream: Stream, mask: Callable[[str], str], block: str) -> str:
    """Do so for a file that cannot be opened: ``mask`` is given the ciphertext."""
    edits = [Edit(found.start(), found.end(), mask(found[0])) for found in _CIPHERTEXT.finditer(stream.text)]
    return _without_blocks(stream, edits, block)


def without_ciphertext(text: str, mask: Callable[[str], str]) -> str:
    """Do so for a text that does not parse, as in the middle of a merge."""
    return _CIPHERTEXT.sub(lambda found: mask(found[0]), text)


def _edit(text: str, value: OpenedValue, shown: str) -> Edit:
    """The edit over all that one ciphertext takes up, its line end left where it stands."""
    start, end = value.edits[0].start, value.edits[-1].end
    while end > start and text[end - 1] in "\r\n":
        end -= 1
    start += len(text[start:end]) - len(text[start:end].lstrip(" "))
    is_entry = value.kind == COMMENT and value.edits[0].new.startswith("#")
    return Edit(start, end, f"#{shown}" if is_entry else shown)


def _without_blocks(stream: Stream, edits: list[Edit], block: str) -> str:
    removals = [edit for edit in blocks(stream) if edit is not None]
    inside = [edit for edit in edits if not any(gone.start <= edit.start < gone.end for gone in removals)]
    text = splice(stream.text, [*inside, *removals])
    ended = text if not text or text.endswith("\n") else text + stream.newline
    return f"{ended}{block}{stream.newline}"
