"""Which comments of a file stand next to what is encrypted: only for those go-yaml's rules matter.

go-yaml gives a comment to the node before or behind it. Where a selector names what is encrypted, a branch is selected
with all that is in it, so that a comment between two scalars that are not selected cannot be in a selected branch.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.nodes import Mapping, Scalar, Sequence
from matrix_secrets.manifests.sourcemap import BLOCK_HEADER

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Node, Stream
    from matrix_secrets.sops.selectors import Selection

_NAME_WITH_HASH: Final = re.compile(r"[&*!%]\S*#")  # an anchor, tag or directive may hold a # that is no comment


def documents_where_comments_matter(stream: Stream, selection: Selection) -> frozenset[int]:
    """The documents in which a comment may have to be encrypted, or may decide what is."""
    text = stream.text
    if "#" not in text:
        return frozenset()
    if selection.by_comment or selection.names_plain or _NAME_WITH_HASH.search(text):
        return frozenset(range(len(stream.documents)))
    spans = _spans(stream, selection)
    if not any(selected for _, _, selected in spans):
        return frozenset()
    starts = [span[0] for span in spans]
    bounds = [document.start for document in stream.documents]
    markers = [document.content_start for document in stream.documents[1:]]  # behind the --- nothing goes back over it
    found: set[int] = set()
    position = text.find("#")
    while position >= 0:
        at = bisect_right(starts, position) - 1
        if at >= 0 and position < spans[at][1] and not in_header(text, spans[at][0], position):
            position = text.find("#", spans[at][1])
            continue
        after_marker = bisect_right(markers, spans[max(at, 0)][0]) < bisect_right(markers, position)
        if any(selected for _, _, selected in spans[max(at, 0) + after_marker : at + 2]):
            found.add(max(bisect_right(bounds, position) - 1, 0))
        line_end = text.find("\n", position)
        position = text.find("#", line_end) if line_end >= 0 else -1
    return frozenset(found)


def in_header(text: str, start: int, position: int) -> bool:
    """Whether a position within a block scalar is in its header's line, where a comment can stand."""
    header = BLOCK_HEADER.match(text, start)
    return header is not None and position < header.end()


def _spans(stream: Stream, selection: Selection) -> list[tuple[int, int, bool]]:
    """Every scalar with characters, keys too, and whether it is selected."""
    spans: list[tuple[int, int, bool]] = []
    pending: list[tuple[Node, bool]] = [
        (document.root, False) for document in stream.documents if document.root is not None
    ]
    while pending:
        node, hit = pending.pop()
        match node:
            case Scalar():
                if node.end > node.start:
                    spans.append((node.start, node.end, hit))
            case Mapping():
                for key, value in node.items:
                    below = hit or (isinstance(key, Scalar) and selection.hits(key.value))
                    pending.append((key, below))
                    pending.append((value, below))
            case Sequence():
                pending.extend((item, hit) for item in node.items)
            case _:
                pass
    spans.sort()
    return spans
