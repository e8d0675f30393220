"""One decrypted value or comment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matrix_secrets.manifests.edits import Edit
    from matrix_secrets.sops.treeitems import Leaf, Remark


class OpenedValue(NamedTuple):
    """What stood in the file, and what stands in the plain text; the kind of a comment is ``comment``.

    ``edits`` turn the one into the other.
    """

    item: Leaf | Remark
    kind: str
    text: str
    ciphertext: str
    edits: tuple[Edit, ...]
