"""A text inside a scalar (homeserver.yaml, config.json): edited in place where the value stands in the source."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.nodes import Scalar, Stream, leaves
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.render import Slot, quoted, respell
from matrix_secrets.manifests.sourcemap import LINE_BREAK, SourceMap, source_map
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

# Half of a character beyond U+FFFF, as JSON spells it: https://www.rfc-editor.org/rfc/rfc8259#section-7
_SURROGATE: Final = re.compile(r"(?P<before>(?<!\\)(?:\\\\)*)\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


@dataclass(frozen=True, slots=True)
class EmbeddedText:
    """The text that a scalar carries; ``encoded`` where the scalar holds it in base64 (a Secret's ``data:``)."""

    outer: Stream
    scalar: Scalar
    slot: Slot
    place: Place
    encoded: bool = False

    @property
    def text(self) -> str:
        """The text itself. Raises BadManifestError where base64 or UTF-8 is broken."""
        return decode_base64(self.scalar.value, self.place) if self.encoded else self.scalar.value

    def parsed(self) -> Stream:
        """Parse the text as YAML (JSON is YAML). Errors name the embedded line and the file's line.

        Of JSON's surrogate pairs, which YAML does not know, the nodes' values have two U+FFFD; positions are right.
        """
        text = self.text
        is_json = self.place.path[-1:] and self.place.path[-1].endswith(".json")
        known = _SURROGATE.sub(r"\g<before>\\uFFFD", text) if is_json else text
        try:
            return replace(parse(known, self.place.file), text=text)
        except BadManifestError as error:
            inner = error.place.line if error.place is not None and error.place.line else 1
            raise BadManifestError(
                error.message,
                place=Place(self.place.file, self.place.document, self.place.path, inner),
                cause=f"the embedded file does not parse{self._outer_line(inner)}",
                hint="correct that line, then run the command again. Nothing was changed.",
            ) from None

    def edits(self, inner: Sequence[Edit]) -> list[Edit]:
        """Translate edits of the embedded text into edits of the file that holds it."""
        if not inner:
            return []
        if not self.encoded:
            in_place = self._in_place(inner)
            if in_place is not None:
                return in_place
        return [self.replaced(splice(self.text, inner))]

    def replaced(self, text: str) -> Edit:
        """The edit that spells the whole scalar anew with another text."""
        value = encode_base64(text, self.scalar.value) if self.encoded else text
        return Edit(self.scalar.start, self.scalar.end, respell(self.outer.text, self.scalar, value, self.slot))

    def _in_place(self, inner: Sequence[Edit]) -> list[Edit] | None:
        runs = source_map(self.outer.text, self.scalar)
        outer = [self._translate(runs, edit) for edit in inner]
        found = [edit for edit in outer if edit is not None]
        if len(found) != len(inner):
            return None
        try:
            changed = parse(splice(self.outer.text, found))
        except BadManifestError:
            return None
        document = _document_of(self.outer, self.scalar)
        wanted = splice(self.text, inner)
        shift = sum(len(edit.new) - (edit.end - edit.start) for edit in found)
        return found if _value_at(changed, document, self.scalar, shift) == wanted else None

    def _translate(self, runs: SourceMap, edit: Edit) -> Edit | None:
        located = runs.locate(edit.start, edit.end)
        if located is None:
            return None
        start, end = located
        if self.scalar.style == '"':
            return Edit(start, end, quoted(edit.new)[1:-1])
        if self.scalar.style == "'" and not LINE_BREAK.search(edit.new):
            return Edit(start, end, edit.new.replace("'", "''"))
        if not LINE_BREAK.search(edit.new):
            return Edit(start, end, edit.new)
        if self.scalar.style != "|" or runs.indent is None:
            return None
        at_line_start = edit.start == 0 or self.text[edit.start - 1] == "\n"
        lines = edit.new.split("\n")
        indented = [lines[0], *(runs.indent + line if line else "" for line in lines[1:])]
        new = self.slot.newline.join(indented)
        if at_line_start and edit.start == edit.end and edit.new.endswith("\n"):
            new += runs.indent
        return Edit(start, end, new)

    def outer_line(self, inner_line: int) -> int | None:
        """The file's line that holds a line of the text, both from 1; None where that cannot be told."""
        if self.encoded or self.scalar.style != "|":
            return None
        return self.outer.text.count("\n", 0, self.scalar.start) + 1 + inner_line

    def _outer_line(self, inner_line: int) -> str:
        line = self.outer_line(inner_line)
        return "" if line is None else f" (the file's line {line})"


def _document_of(stream: Stream, scalar: Scalar) -> int:
    return next(doc.index for doc in stream.documents if doc.start <= scalar.start < max(doc.end, doc.start + 1))


def _value_at(stream: Stream, document: int, scalar: Scalar, shift: int) -> str | None:
    """The value of the scalar that starts where it did before edits inside it, and ends ``shift`` further on."""
    for leaf in leaves(stream.documents[document].root):
        node = leaf.node
        if isinstance(node, Scalar) and node.start == scalar.start and node.end == scalar.end + shift:
            return node.value
    return None


def decode_base64(value: str, place: Place) -> str:
    """Decode a Secret's ``data:`` value. Raises BadManifestError where it is no base64 of UTF-8 text."""
    try:
        return base64.b64decode(re.sub(r"\s+", "", value), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise BadManifestError(
            "is not the base64 of a text",
            place=place,
            cause="values under a Secret's data: stand in base64; those under stringData: do not",
            hint="move the value to stringData:, or encode it. Nothing was changed.",
        ) from None


def encode_base64(text: str, like: str = "") -> str:
    """Encode a text for ``data:``, wrapped at the width of the value that it replaces, where that is wrapped."""
    code = base64.b64encode(text.encode()).decode("ascii")
    lines = like.rstrip("\n").split("\n")
    if len(lines) < 2:
        return code + like[len(like.rstrip("\n")) :]
    width = max(len(lines[0].strip()), 4)
    wrapped = "\n".join(code[at : at + width] for at in range(0, len(code), width))
    return wrapped + like[len(like.rstrip("\n")) :]
