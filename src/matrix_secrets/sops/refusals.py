"""What cannot be encrypted safely: named with its place and the edit that mends it, before anything is written.

Source: what sops 3.13.3 refuses, misreads or changes silently when ciphertext is spliced into the text; each was
tried on the real one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.nodes import Alias, Mapping, Scalar, Sequence
from matrix_secrets.manifests.parse import BOM
from matrix_secrets.manifests.resolve import Kind, Resolved
from matrix_secrets.sops.format import PREFIX
from matrix_secrets.sops.metadata import KEY
from matrix_secrets.sops.treeitems import Leaf, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.manifests.nodes import Node, Stream

_DIRECTIVE: Final = re.compile(r"(?m)^%[A-Z]")
_ODD_BREAK: Final = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_ESCAPED_SLASH: Final = re.compile(r"(?:[^\\]|\\[^/])*?\\/")
_TAG: Final = re.compile(r"(?:tag:yaml\.org,2002:)?[A-Za-z0-9!:/._-]*", re.ASCII)
_KINDS: Final = {
    Kind.INT: "a number",
    Kind.FLOAT: "a number",
    Kind.BOOL: "a boolean",
    Kind.TIME: "a date",
    Kind.STR: "a word",
}


def check_file(stream: Stream) -> None:
    """Refuse files that sops does not read, or that are encrypted already. Raises BadManifestError."""
    text, file = stream.text, stream.file
    if not stream.documents:
        raise BadManifestError(
            "holds no document: there is nothing to encrypt", place=Place(file), hint=f"leave {file} out of the rule"
        )
    _check_characters(stream)
    for document in stream.documents:
        if found := _DIRECTIVE.search(text, document.start, document.content_start):
            raise _refused(stream, found.start(), "a %-directive", "sops refuses it or misreads it", "remove that line")
        root = document.root
        if isinstance(root, Mapping):
            for key, _ in root.items:
                if isinstance(key, Scalar) and key.value == KEY:
                    raise BadManifestError(
                        "is encrypted already, or has a top-level key sops, which is reserved for that",
                        place=place_of(stream, document.index, (KEY,), key.start),
                        hint=f"to change it: matrix-secrets edit {file}",
                    )
    _check_duplicates(stream)
    if "\\/" in text or "?" in text or "!" in text:
        for node in _nodes(stream):
            _check_node(stream, node)


def _check_characters(stream: Stream) -> None:
    found = _ODD_BREAK.search(stream.text)
    at = found.start() if found else stream.text.find(BOM, 1)
    if at >= 0:
        what = "a line break that is neither LF nor CRLF" if found else "a byte order mark in the middle of the file"
        raise _refused(stream, at, what, "YAML parsers disagree on what it is", "replace that character")


def _check_duplicates(stream: Stream) -> None:
    pending: list[Node | None] = [document.root for document in stream.documents]
    while pending:
        node = pending.pop()
        if isinstance(node, Mapping):
            names = [key.value for key, _ in node.items if isinstance(key, Scalar)]
            if "<<" in names:
                _check_merge(stream, node)
            if len(set(names)) < len(names):
                seen: set[str] = set()
                again = next(key for key, _ in node.items if isinstance(key, Scalar) and not _is_new(key.value, seen))
                why = "sops refuses that, or keeps both"
                raise _refused(stream, again.start, "a key that stands there twice", why, "remove one of them")
            pending += [value for _, value in node.items if not isinstance(value, Scalar)]
        elif isinstance(node, Sequence):
            pending += [item for item in node.items if not isinstance(item, Scalar)]


def _check_merge(stream: Stream, node: Mapping) -> None:
    for key, value in node.items:
        merges = isinstance(key, Scalar) and key.value == "<<" and not key.style
        if merges and isinstance(value, Scalar):
            why = "sops takes nothing else behind it"
            raise _refused(stream, key.start, "a merge key without a mapping", why, 'put it into quotes: "<<"')


def _is_new(name: str, seen: set[str]) -> bool:
    if name in seen:
        return False
    seen.add(name)
    return True


def _nodes(stream: Stream) -> Iterator[Node]:
    pending: list[Node] = [document.root for document in stream.documents if document.root is not None]
    while pending:
        node = pending.pop()
        yield node
        match node:
            case Mapping():
                for pair in node.items:
                    pending.extend(pair)
            case Sequence():
                pending.extend(node.items)
            case _:
                pass


def _check_node(stream: Stream, node: Node) -> None:
    if not isinstance(node, Alias) and node.tag is not None and not _TAG.fullmatch(node.tag):
        why = "YAML parsers disagree on where it ends"
        raise _refused(stream, node.start, "a tag with unusual characters", why, "remove the tag")
    match node:
        case Mapping(flow=True, items=items):
            _check_flow(stream, [part for pair in items for part in pair])
        case Sequence(flow=True):
            _check_flow(stream, list(node.items))
        case Scalar(style='"'):
            spelling = stream.text[node.start + 1 : node.end - 1]
            if "\\/" in spelling and _ESCAPED_SLASH.match(spelling):
                raise _refused(
                    stream, node.start, r"the escape \/", "sops does not know it", "write / without backslash"
                )
        case _:
            pass


def _check_flow(stream: Stream, nodes: list[Node]) -> None:
    for node in nodes:
        if isinstance(node, Scalar) and not node.style and "?" in node.value:
            raise _refused(
                stream,
                node.start,
                "a ? in a value without quotes within [ ] or { }",
                "sops takes it for an indicator",
                "put the value into double quotes",
            )


def check_leaf(stream: Stream, leaf: Leaf, value: Resolved) -> None:
    """Refuse a value that sops does not take, or would give back as another. Raises BadManifestError."""
    node = leaf.node
    if value.kind in (Kind.TOO_BIG, Kind.UNCLEAR):
        what = "an integer beyond 64 bits" if value.kind is Kind.TOO_BIG else "a tag that does not fit its value"
        raise _at(stream, leaf, what, "sops refuses it", "put it into quotes" if node.tag is None else "remove the tag")
    if value.kind is Kind.STR and value.text.startswith(PREFIX):
        raise _at(
            stream,
            leaf,
            "ciphertext in a file that is not encrypted",
            "its sops: block was lost, or it was copied from another file",
            "put the plain value there, or restore the file from Git",
        )
    if not leaf.encrypted or value.kind is Kind.NULL:
        return
    if leaf.via is not None or "<<" in leaf.place:
        what = "a merge key" if "<<" in leaf.place else "an alias"
        raise _at(
            stream, leaf, f"{what} where values are encrypted", "sops cannot open it again", "write the value out"
        )
    if node.tag is not None:
        raise _at(
            stream, leaf, "a tag where values are encrypted", "sops loses it", "remove the tag and quote the value"
        )
    if not value.canonical:
        key = next((key for key in reversed(leaf.place) if isinstance(key, str)), "")
        raise _at(
            stream,
            leaf,
            f"{_KINDS.get(value.kind, 'a value')} without quotes that sops would give back in another form",
            "1.10 would become 1.1, 0123 the number 83, a date a timestamp; yes is a word to sops, to others true",
            f'put it into quotes: {key}: "…"',
        )
    if value.kind is Kind.STR and value.text.startswith("ENC["):
        raise _at(
            stream,
            leaf,
            "a value that starts with ENC[, as ciphertext does",
            "it could not be told from ciphertext later",
            "choose another value",
        )


def check_anchors(stream: Stream, encrypted: list[Leaf]) -> None:
    """Refuse aliases from outside to what gets encrypted, and tags on collections that hold it."""
    anchors: dict[str, Node] = {}
    for node in sorted(_nodes(stream), key=lambda node: node.start):
        if isinstance(node, Alias):
            leaf = _inside(anchors.get(node.anchor), encrypted)
            if leaf is not None:
                raise _at(
                    stream,
                    leaf,
                    "an anchor on an encrypted value that an alias refers to",
                    f"sops would write the secret in plain text at line {_line(stream, node.start)}",
                    "write the value out in both places",
                )
            continue
        if node.anchor is not None:
            anchors[node.anchor] = node
        if node.tag is not None and not isinstance(node, Scalar) and (leaf := _inside(node, encrypted)) is not None:
            raise _at(stream, leaf, "a tag where values are encrypted", "sops loses it", "remove the tag")


def _inside(node: Node | None, leaves: list[Leaf]) -> Leaf | None:
    """The first of the values, which are in order, that stands within a node."""
    if node is None:
        return None
    at = bisect_left(leaves, node.start, key=lambda leaf: leaf.node.start)
    return leaves[at] if at < len(leaves) and leaves[at].node.start < max(node.end, node.start + 1) else None


def _at(stream: Stream, leaf: Leaf, what: str, cause: str, hint: str) -> BadManifestError:
    place = place_of(stream, leaf.document, leaf.place, (leaf.via or leaf.node).start)
    return BadManifestError(what, place=place, cause=cause, hint=f"{hint}. Nothing was changed.")


def _refused(stream: Stream, position: int, what: str, cause: str, hint: str) -> BadManifestError:
    place = Place(stream.file, line=_line(stream, position))
    return BadManifestError(what, place=place, cause=cause, hint=f"{hint}. Nothing was changed.")


def _line(stream: Stream, position: int) -> int:
    return stream.text.count("\n", 0, position) + 1
