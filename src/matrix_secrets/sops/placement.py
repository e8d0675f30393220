"""The ``sops:`` blocks in the text: put at the end of every document, and taken out again to the byte.

A file without a line end on its last line has none with the block either: that is how it is known afterwards.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.nodes import Mapping, Scalar
from matrix_secrets.manifests.parse import BOM
from matrix_secrets.sops.metadata import KEY, Metadata, render_block, render_flow
from matrix_secrets.sops.treeitems import place_of

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Document, Node, Stream

_COMMENT_BEHIND_KEY: Final = re.compile(r"\s*[\"']?sops[\"']?[ \t]*:[ \t]+(#[^\r\n]*)")
_COMMENTS: Final = re.compile(r"(?:\s|#[^\r\n]*)*")


def insertion(stream: Stream, document: Document, metadata: Metadata, block: str | None = None) -> Edit:
    """The edit that adds a document's block; ``block`` is its text where it is known already.

    Raises BadManifestError for a document that is an explicit null, which cannot take one.
    """
    root, text = document.root, stream.text
    if isinstance(root, Scalar):
        raise BadManifestError(
            "a document that is null",
            place=place_of(stream, document.index, (), root.start),
            cause="every document gets a sops: block, and a null cannot hold one",
            hint="leave that document empty, or remove it",
        )
    if isinstance(root, Mapping) and root.flow:
        return _into_flow(text, root, metadata)
    if block is None:
        block = render_block(metadata, indent=root_indent(stream, root), newline=stream.newline)
    at = document.end
    if at == len(text) and not text.endswith(("\n", "\r")):
        return Edit(at, at, stream.newline + block.removesuffix(stream.newline))
    return Edit(at, at, block)


def root_indent(stream: Stream, root: Node | None) -> str:
    """The indentation of a document's top-level keys."""
    if not isinstance(root, Mapping) or root.flow or not root.items:
        return ""
    return " " * column_of(stream.text, root.items[0][0].start)


def column_of(text: str, position: int) -> int:
    """The column of a position, counted from 0; a byte order mark takes none."""
    line_start = max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1
    return position - line_start - (line_start == 0 and text.startswith(BOM))


def blocks(stream: Stream) -> list[Edit | None]:
    """For each document the edit that takes its block out, None where it has none."""
    return [_removal(stream, document) for document in stream.documents]


def _removal(stream: Stream, document: Document) -> Edit | None:
    root, text = document.root, stream.text
    if not isinstance(root, Mapping):
        return None
    for key, value in root.items:
        if isinstance(key, Scalar) and key.value == KEY:
            if root.flow:
                return _flow_removal(text, key, value)
            edit = _block_removal(text, key, value)
            if len(root.items) == 1 and document.content_start == document.start:
                # Real sops writes no --- in front of a first document that is empty; without one it would be gone.
                left = "{}" if len(stream.documents) == 1 else "---"
                return Edit(edit.start, edit.end, left + stream.newline)
            return edit
    return None


def with_comment_kept(stream: Stream, removal: Edit, within: list[Edit]) -> Edit:
    """The removal of a block that leaves a comment behind ``sops:``, where real sops sometimes puts one of the content.

    ``within`` are edits inside the block: the one that decrypts that comment.
    """
    text, newline = stream.text, stream.newline
    found = _COMMENT_BEHIND_KEY.match(text, removal.start, removal.end)
    if found is None:
        return removal
    inside = [Edit(edit.start - found.start(1), edit.end - found.start(1), edit.new) for edit in within]
    comment = splice(found[1], [edit for edit in inside if 0 <= edit.start <= len(found[1])])
    kept = newline + comment if text[removal.start] in "\r\n" else comment + newline
    return Edit(removal.start, removal.end, kept + removal.new)


def without_comment(block: str) -> str:
    """A block's text without the comment behind ``sops:``."""
    found = _COMMENT_BEHIND_KEY.match(block)
    return block if found is None else block[: found.start(1)].rstrip(" \t") + block[found.end(1) :]


def _block_removal(text: str, key: Node, value: Node) -> Edit:
    start = key.start
    while start and text[start - 1] == " ":
        start -= 1
    end = max(value.end, key.end)
    while text[end - 1] in " \t\r\n":  # a block scalar's end is behind the empty lines that follow it
        end -= 1
    line_end = text.find("\n", end)
    if line_end >= 0:
        return Edit(start, line_end + 1, "")
    # No line end behind the block: there was none in front of it either.
    if start and text[start - 1] == "\n":
        start -= 2 if text[start - 2 : start] == "\r\n" else 1
    return Edit(start, len(text), "")


def _into_flow(text: str, root: Mapping, metadata: Metadata) -> Edit:
    entry = render_flow(metadata)
    if not root.items:
        return Edit(root.start + 1, root.start + 1, entry)
    end = max(part.end for part in root.items[-1])
    found = _COMMENTS.match(text, end)
    comma = found.end() if found else end
    if text[comma] == ",":
        return Edit(comma + 1, comma + 1, f" {entry},")
    return Edit(end, end, f", {entry}")


def _flow_removal(text: str, key: Node, value: Node) -> Edit:
    start, end = key.start, value.end
    if text.startswith(",", end):
        return Edit(start - 1 if text[start - 1] == " " else start, end + 1, "")
    before = start
    while text[before - 1] in " \t\r\n":
        before -= 1
    return Edit(before - 1, end, "") if text[before - 1] == "," else Edit(start, end, "")
