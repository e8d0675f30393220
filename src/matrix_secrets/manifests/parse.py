"""From text to the tree with positions, by the parser's events."""

from __future__ import annotations

import re
from typing import Any, Final
from weakref import WeakValueDictionary

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.events import BrokenYamlError, events
from matrix_secrets.manifests.nodes import Alias, Document, Mapping, Node, Scalar, Sequence, Stream

BOM: Final = "\ufeff"
MAX_DEPTH: Final = 200
_PROPERTY: Final = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:<[^>]*>)?|#[^\n]*|\s)+")

_CONFLICT: Final = re.compile(r"^<{7} ", re.MULTILINE)


def decode(raw: bytes, file: str) -> str:
    """Decode a manifest's bytes; raise BadManifestError where they are not UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadManifestError(
            "is not UTF-8 text",
            place=Place(file, line=line),
            hint=f"convert {file} to UTF-8, then run the command again. Nothing was changed.",
        ) from None


_known: WeakValueDictionary[tuple[str, str], Stream] = WeakValueDictionary()


def parse(text: str, file: str = "") -> Stream:
    """Parse a YAML text of any number of documents. What is still in use somewhere is not parsed again.

    Raises BadManifestError with line and column, never with the line's text.
    """
    stream = _known.get((file, text))
    if stream is None:
        stream = _known[file, text] = _parsed(text, file)
    return stream


def _parsed(text: str, file: str) -> Stream:
    offset = 1 if text.startswith(BOM) else 0
    try:
        documents = _Composer(text, offset).compose()
    except BrokenYamlError as error:
        conflict = _CONFLICT.search(text)
        line = _line(error, text) if conflict is None else text.count("\n", 0, conflict.start()) + 1
        raise BadManifestError(
            _safe_problem(error) if conflict is None else "a conflict marker of Git",
            place=Place(file, line=line),
            cause="the file does not parse as YAML" if conflict is None else "a merge in this file was not finished",
            hint=f"{'correct that line' if conflict is None else 'finish the merge'}, then run the command again. "
            "Nothing was changed.",
        ) from None
    return Stream(file, text, documents)


def _line(error: BrokenYamlError, text: str) -> int | None:
    if error.line is None and error.index is not None:
        return text.count("\n", 0, error.index) + 1
    return error.line


def _safe_problem(error: BrokenYamlError) -> str:
    """The parser's complaint without anything quoted from the file (an undefined alias's name, a character)."""
    column = "" if error.column is None else f"column {error.column}: "
    return column + re.sub(r"'[^']*'|\"[^\"]*\"", lambda m: m[0] if len(m[0]) <= 5 else "…", error.problem)


def _complaint(problem: str, mark: Any) -> BrokenYamlError:  # noqa: ANN401  the libraries have no types
    return BrokenYamlError(
        problem, *((None, None, None) if mark is None else (mark.line + 1, mark.column + 1, mark.index))
    )


class _Composer:
    """Builds the nodes of all documents from the events; iterative, so that depth is an error and not a crash."""

    def __init__(self, text: str, offset: int) -> None:
        self._text = text
        self._offset = offset
        self._events = events(text[offset:])
        self._anchors: set[str] = set()

    def compose(self) -> tuple[Document, ...]:
        documents: list[Document] = []
        start = 0
        for event in self._events:
            if type(event).__name__ == "DocumentStartEvent":
                content_start = event.end_mark.index + self._offset if event.explicit else start
                root, last = self._compose_root()
                end = last.start_mark.index + self._offset
                documents.append(Document(len(documents), start, content_start, end, root, bool(last.explicit)))
                start = last.end_mark.index + self._offset
        return tuple(documents)

    def _compose_root(self) -> tuple[Node | None, Any]:
        stack: list[tuple[Any, list[Node]]] = []
        children: list[Node] = []  # of what is open; at the bottom, the root
        offset = self._offset
        self._anchors.clear()
        for event in self._events:
            name = type(event).__name__
            if name == "ScalarEvent":
                begin = event.start_mark.index + offset
                end = event.end_mark.index + offset
                if event.anchor is None and event.tag is None:
                    children.append(Scalar(begin, end, event.value, event.style or "", begin))
                else:
                    children.append(self._with_properties(event, begin, end))
            elif name in ("MappingStartEvent", "SequenceStartEvent"):
                if len(stack) >= MAX_DEPTH:
                    raise _complaint(f"nested more than {MAX_DEPTH} levels deep", event.start_mark)
                if event.anchor is not None:
                    self._anchors.add(event.anchor)
                stack.append((event, children))
                children = []
            elif name in ("MappingEndEvent", "SequenceEndEvent"):
                opened, around = stack.pop()
                around.append(self._collection(opened, event, children))
                children = around
            elif name == "AliasEvent":
                if event.anchor not in self._anchors:
                    raise _complaint("alias of an anchor that is not defined", event.start_mark)
                children.append(Alias(event.start_mark.index + offset, event.end_mark.index + offset, event.anchor))
            else:
                return self._empty_to_none(children[0] if children else None), event
        raise _complaint("the document does not end", None)

    def _with_properties(self, event: Any, begin: int, end: int) -> Scalar:  # noqa: ANN401  libyaml's have no types
        if event.anchor is not None:
            self._anchors.add(event.anchor)
        start = min(self._after_properties(begin), end)
        return Scalar(start, end, event.value, event.style or "", begin, event.anchor, event.tag)

    def _after_properties(self, begin: int) -> int:
        found = _PROPERTY.match(self._text, begin)
        return begin if found is None else found.end()

    def _collection(self, opened: Any, closed: Any, children: list[Node]) -> Node:  # noqa: ANN401  the same
        start = opened.start_mark.index + self._offset
        flow = bool(opened.flow_style)
        end = children[-1].end if children and not flow else closed.end_mark.index + self._offset
        if type(opened).__name__ == "SequenceStartEvent":
            return Sequence(start, end, flow, tuple(children), opened.anchor, opened.tag)
        pair = iter(children)
        return Mapping(start, end, flow, tuple(zip(pair, pair, strict=True)), opened.anchor, opened.tag)

    @staticmethod
    def _empty_to_none(root: Node | None) -> Node | None:
        bare = isinstance(root, Scalar) and not root.style and not root.value
        return None if bare and isinstance(root, Scalar) and root.anchor is None and root.tag is None else root
