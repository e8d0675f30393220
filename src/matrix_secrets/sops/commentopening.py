"""Encrypted comments, opened: where sops would look for them, and where they ended up otherwise.

sops takes a comment that does not decrypt for one that never was encrypted, and leaves it. Here its ciphertext is
also tried under the paths of the branches around it: what authenticates is right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Scalar, Sequence, find
from matrix_secrets.sops.cipher import DataKey, NotAuthenticError
from matrix_secrets.sops.format import PREFIX
from matrix_secrets.sops.openedvalue import OpenedValue
from matrix_secrets.sops.placement import column_of
from matrix_secrets.sops.treeitems import Leaf, Remark, place_of

if TYPE_CHECKING:
    from matrix_secrets.manifests.comments import Attached
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.branches import Branches

COMMENT: Final = "comment"
_CIPHERTEXT: Final = re.compile(r"#ENC\[AES256_GCM,[^\r\n]*")


class CommentOpening:
    """The comments of one file, opened one after the other; ``remarks`` are all that were met on the way.

    ``attached`` are comments with the branches that sops sees them in; it may be None, or have only some documents.
    """

    def __init__(self, stream: Stream, key: DataKey, attached: Attached | None) -> None:
        self.remarks: list[Remark] = []
        self._stream = stream
        self._key = key
        self._positions = () if attached is None else attached.comments
        self._opened: set[int] = set()

    def open(self, remark: Remark) -> OpenedValue | None:
        """Open a comment as sops does; None for one that is plain, or that sops would leave."""
        self.remarks.append(remark)
        comment = self._positions[remark.number]
        if not remark.encrypted or not self._stream.text.startswith(PREFIX, comment.start + 1):
            return None
        return self._try(remark, comment.start, comment.end, remark.aad)

    def others(self) -> list[OpenedValue]:
        """Open all other comments that can be opened, whatever branch sops would look for them in."""
        found: list[OpenedValue] = []
        branches: Branches | None = None
        for comment in _CIPHERTEXT.finditer(self._stream.text):
            if comment.start() in self._opened:
                continue
            branches = branches or _branches(self._stream)
            if branches.in_scalar(comment.start()):
                continue
            document = branches.document_at(comment.start())
            for aad in branches.paths_for(comment.start()):
                remark = Remark(document, (), aad, -1, encrypted=True)
                if (value := self._try(remark, comment.start(), comment.end(), aad)) is not None:
                    found.append(value)
                    break
        return found

    def _try(self, remark: Remark, start: int, end: int, aad: str) -> OpenedValue | None:
        ciphertext = self._stream.text[start + 1 : end]
        try:
            kind, text = self._key.decrypt(ciphertext, aad)
        except NotAuthenticError:
            return None
        edit = Edit(start + 1, end, text.replace("\n", f"{self._stream.newline}#"))
        self._opened.add(start)
        return OpenedValue(remark, kind, text, ciphertext, (edit,))


def _branches(stream: Stream) -> Branches:
    from matrix_secrets.sops.branches import Branches  # noqa: PLC0415  (most files have no encrypted comment)

    return Branches(stream)


def containers(leaf: Leaf) -> list[str]:
    """The paths of a value and the branches that hold it, the innermost first, as sops authenticates them."""
    keys = [key for key in leaf.place if isinstance(key, str)]
    return ["".join(f"{key}:" for key in keys[:length]) or ":" for length in range(len(keys), -1, -1)]


def list_comment(stream: Stream, leaf: Leaf, text: str, ciphertext: str) -> OpenedValue:
    """A comment that real sops wrote as an entry of a list (walkSlice). Raises BadManifestError for one elsewhere."""
    source, node = stream.text, leaf.node
    dash = source.rfind("-", 0, node.start)
    in_list = isinstance(leaf.place[-1], int) and not leaf.flow and not source[dash + 1 : node.start].strip()
    if not in_list or leaf.via is not None:
        place = place_of(stream, leaf.document, leaf.place)
        raise BadManifestError("a comment in the place of a value", place=place, hint="use --engine binary")
    new = "#" + text.replace("\n", "\n#")
    if _ends_bare_list(stream, leaf):
        new += f"{stream.newline}{' ' * (column_of(source, dash) + 2)}[]"
    return OpenedValue(leaf, COMMENT, text, ciphertext, (Edit(dash, node.end, new),))


def _ends_bare_list(stream: Stream, leaf: Leaf) -> bool:
    """Whether this is the last entry of a list that holds nothing but comments, and has to stay a list."""
    items = find(stream.documents[leaf.document].root, leaf.place[:-1])
    if not isinstance(items, Sequence) or leaf.place[-1] != len(items.items) - 1:
        return False
    return all(isinstance(item, Scalar) and item.value.endswith(",type:comment]") for item in items.items)
