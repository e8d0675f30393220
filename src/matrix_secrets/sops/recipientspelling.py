"""A recipient put into, or taken out of, one list of ``.sops.yaml``, whatever way that list is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Mapping, Node, Scalar, Sequence
from matrix_secrets.manifests.render import is_plain_string, quoted
from matrix_secrets.records import dataclass
from matrix_secrets.sops.blockbody import block_body
from matrix_secrets.sops.recipientlists import key_of, keys_in
from matrix_secrets.sops.recipientnames import trailing_comment

if TYPE_CHECKING:
    from collections.abc import Collection

# Of a flow list that stands in several lines: what follows an item on its line.
_REST_OF_ITEM: Final = re.compile(r"[ \t]*(,?)[ \t]*(?:#[^\r\n]*)?(?:\r?\n|$)")
_KEY: Final = re.compile(r"(?:age1|ssh-)[^,]*")
_BLANKS: Final = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item to add: ``text`` as YAML takes it (``*bob``, ``&bob age1…``), a name to stand behind it, or none."""

    text: str
    name: str = ""

    @property
    def with_name(self) -> str:
        """The item with its name as a comment."""
        comment = " ".join(self.name.split())
        return f"{self.text}  # {comment}" if comment else self.text


def spelled(recipient: str) -> str:
    """Spell a recipient as a scalar."""
    return recipient if is_plain_string(recipient) else quoted(recipient)


class ListText:
    """One rules file's text, with its lists edited by position."""

    def __init__(self, text: str, newline: str) -> None:
        self._text = text
        self._newline = newline

    def appended(self, listing: Sequence, item: NewItem) -> list[Edit]:
        """The edits that add an item behind the last one."""
        if not listing.items:
            return [Edit(listing.start, listing.end, f"[{item.text}]")]
        last = listing.items[-1]
        if not listing.flow:
            dash, first = self._column(listing.start), listing.items[0]
            gap = max(self._column(_start(first)) - dash - 1, 1)
            return [self._line_after(last.end, " " * dash + "-" + " " * gap + item.with_name)]
        rest = _REST_OF_ITEM.match(self._text, last.end)
        if rest is None or self._text[self._line_start(last.start) : _start(last)].strip():
            return [Edit(last.end, last.end, f", {item.text}")]
        indent = " " * self._column(_start(last))
        return [
            *([] if rest[1] else [Edit(last.end, last.end, ",")]),
            Edit(rest.end(), rest.end(), f"{indent}{item.with_name}{self._newline}"),
        ]

    def joined(self, owner: Mapping, listing: Scalar, recipient: str, item: NewItem) -> list[Edit]:
        """The edits that add a recipient to a text with commas.

        A single recipient that has its name behind it becomes a list of two: the comment would be nobody's otherwise.
        """
        if trailing_comment(self._text, listing.end) and "," not in listing.value and not listing.style:
            for key, value in owner.items:
                if value is listing and not owner.flow:
                    indent = " " * self._column(key.start)
                    head = f"{self._newline}{indent}  - "
                    blanks = _BLANKS.match(self._text, self._text.index(":", key.end) + 1)
                    if blanks is not None and blanks.end() == _start(listing):
                        new = self._line_after(listing.end, f"{indent}  - {item.with_name}")
                        return [Edit(blanks.start(), blanks.end(), head), new]
        comma = "" if listing.value.rstrip().endswith(",") else ","
        if listing.style in ("|", ">"):
            body = block_body(self._text, listing)
            at, indent = (body.end, body.indent) if body is not None else (listing.end, "")
            return [Edit(at, at, f"{comma}{self._newline}{indent}{recipient}")]
        at = listing.end - 1 if listing.style else listing.end
        names = trailing_comment(self._text, listing.end)
        each_named = names and item.name and len(names.split(",")) == len(keys_in(listing.value))
        behind = self._text.index(names, listing.end) + len(names)
        more = [Edit(behind, behind, f", {item.name}")] if each_named else []
        return [Edit(at, at, f"{comma}{recipient}"), *more]

    def new_list(self, owner: Mapping, item: NewItem) -> list[Edit]:
        """The edits that give a mapping without ``age:`` one."""
        if owner.flow:
            return [Edit(owner.items[-1][1].end, owner.items[-1][1].end, f", age: [{item.text}]")]
        indent = " " * self._column(owner.items[0][0].start)
        lines = f"{indent}age:{self._newline}{indent}  - {item.with_name}"
        return [self._line_after(owner.items[-1][1].end, lines)]

    def without_item(self, parent: Sequence | Mapping, number: int) -> Edit:
        """The edit that takes an item, or an entry, out."""
        items = [(item, item) for item in parent.items] if isinstance(parent, Sequence) else list(parent.items)
        first, last = items[number]
        if not parent.flow:
            start, end = self._line_start(_start(first)), self._next_line(last.end)
            if end == len(self._text) and not self._text.endswith("\n"):  # then the line above ends the file so, too
                start = len(self._text[:start].removesuffix("\n").removesuffix("\r"))
            return Edit(start, end, "")
        alone = not self._text[self._line_start(_start(first)) : _start(first)].strip()
        rest = _REST_OF_ITEM.match(self._text, last.end)
        if alone and rest is not None:
            return Edit(self._line_start(_start(first)), rest.end(), "")
        if number + 1 < len(items):
            return Edit(_start(first), _start(items[number + 1][0]), "")
        return Edit(items[number - 1][1].end if number else _start(first), last.end, "")

    def without_parts(self, listing: Scalar, gone: Collection[str]) -> list[Edit]:
        """The edits that take recipients out of a text with commas that holds others as well."""
        source = self._text[listing.start : listing.end]
        kept_one = False
        edits: list[Edit] = []
        for part in re.finditer(r"[^,]*(?:,|$)", source):
            key = _KEY.search(part[0])
            if key is None:
                continue
            begin = part.start() + key.start()
            if key_of(key[0].strip("\"', \t\r\n")) not in gone:
                kept_one = True
            elif kept_one:  # the comma in front of it goes, the one behind it stays
                end = begin + len(key[0].rstrip("\"', \t\r\n"))
                edits.append(Edit(listing.start + source.rindex(",", 0, begin), listing.start + end, ""))
            else:
                behind = _BLANKS.match(source, part.end())
                end = behind.end() if behind else part.end()
                edits.append(Edit(listing.start + begin, listing.start + end, ""))
        return edits

    def without_names(self, listing: Scalar, gone: Collection[str]) -> list[Edit]:
        """The edits that take names out of the comment behind a text: where it has one for each recipient."""
        comment = trailing_comment(self._text, listing.end)
        keys, names = keys_in(listing.value), [name.strip() for name in comment.split(",")]
        if not comment or len(keys) != len(names):
            return []
        start = self._text.index(comment, listing.end)
        left = [name for key, name in zip(keys, names, strict=True) if key not in gone]
        return [Edit(start, start + len(comment), ", ".join(left))]

    def _line_after(self, position: int, lines: str) -> Edit:
        at = self._next_line(position)
        if at == len(self._text) and not self._text.endswith("\n"):
            return Edit(at, at, self._newline + lines)
        return Edit(at, at, lines + self._newline)

    def _next_line(self, position: int) -> int:
        if self._text[position - 1 : position] == "\n":  # a block scalar ends with its line
            return position
        found = self._text.find("\n", position)
        return len(self._text) if found < 0 else found + 1

    def _line_start(self, position: int) -> int:
        return self._text.rfind("\n", 0, position) + 1

    def _column(self, position: int) -> int:
        return position - self._line_start(position)


def _start(node: Node) -> int:
    return node.node_start if isinstance(node, Scalar) else node.start
