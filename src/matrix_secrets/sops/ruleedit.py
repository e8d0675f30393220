"""A new rule in ``.sops.yaml``, put where it wins; no existing rule and no comment is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.nodes import Mapping, Node, Scalar, Sequence, Stream, child
from matrix_secrets.manifests.parse import BOM
from matrix_secrets.sops.configfile import parse_config
from matrix_secrets.sops.creationrule import matches
from matrix_secrets.sops.creationrules import CONFIG_NAME
from matrix_secrets.sops.ruletext import Layout, NewRule, new_file, path_regex_for, rule_lines, stores_lines

if TYPE_CHECKING:
    from collections.abc import Sequence as SequenceABC

    from matrix_secrets.sops.configfile import ConfigFile

ENCRYPTED_REGEX: Final = "^(data|stringData)$"


def with_rule(
    text: str | None,
    *,
    files: SequenceABC[str],
    recipients: SequenceABC[tuple[str, str]],
    path_regex: str | None = None,
    encrypted_regex: str = ENCRYPTED_REGEX,
    mac_only_encrypted: bool = True,
    name: str = CONFIG_NAME,
) -> str:
    """Return the rules file with a rule for ``files`` in it; ``text`` is None where there is no file yet.

    The rule stands directly above the first one that matches any of the files, so that it wins, else last.
    ``files`` are relative to the rules file's directory, ``recipients`` pairs of a recipient and a name (or "").
    ``stores.yaml.indent: 2`` is added where the file says nothing about stores.

    Raises BadManifestError for a file that sops could not read, RefusedError for one written in a way that cannot be
    edited (a flow collection, an alias) or that holds a broken expression before the place.
    """
    rule = NewRule(path_regex or path_regex_for(files), recipients, encrypted_regex, mac_only_encrypted)
    if text is None or not text.strip(BOM + " \t\r\n"):
        return new_file(rule)
    config = parse_config(text, name)
    index = _index_for(config, files, name)
    edits = _Editor(config.stream, name).edits(rule, index)
    edited = splice(text, edits)
    _prove(config, parse_config(edited, name), index, rule, name)
    return edited


def _index_for(config: ConfigFile, files: SequenceABC[str], name: str) -> int:
    rules = config.rules or ()
    for index, fields in enumerate(rules):
        if any(matches(fields, file, index, name) for file in files):
            return index
    return len(rules)


def _prove(before: ConfigFile, after: ConfigFile, index: int, rule: NewRule, name: str) -> None:
    """Read the edited file and compare: the old rules, and one new between them."""
    old, new = list(before.rules or ()), list(after.rules or ())
    wanted = {
        "path_regex": rule.path_regex,
        "encrypted_regex": rule.encrypted_regex,
        "age": [recipient for recipient, _ in rule.recipients],
        **({"mac_only_encrypted": True} if rule.mac_only_encrypted else {}),
    }
    stores = before.stores or after.stores
    if [*old[:index], wanted, *old[index:]] != new or after.stores != stores:
        raise _cannot(name, "its layout is not understood")


def _cannot(name: str, why: str) -> RefusedError:
    return RefusedError(
        f"cannot take a new rule: {why}",
        place=Place(name),
        hint=f"add the rule to {name} by hand (see .sops.yaml.example), then run the command again",
    )


class _Editor:
    """Finds the places for the new lines in one rules file."""

    def __init__(self, stream: Stream, name: str) -> None:
        self._text = stream.text
        self._newline = stream.newline
        self._name = name
        self._document = stream.documents[0] if stream.documents else None
        self._ends_open = not stream.text.endswith("\n")
        root = None if self._document is None else self._document.root
        if root is not None and (not isinstance(root, Mapping) or root.flow):
            raise _cannot(name, "it is one flow mapping ({…})")
        self._root = root

    def edits(self, rule: NewRule, index: int) -> list[Edit]:
        """Return the insertions: the rule, and the stores setting where there is none."""
        rules = child(self._root, "creation_rules")
        layout = self._layout(rules)
        lines = rule_lines(rule, layout)
        match rules:
            case None:
                edits = [self._at_end(["creation_rules:", *lines])]
            case Sequence(flow=False):
                edits = [self._item(rules, index, layout, lines)]
            case Sequence(items=(), anchor=None) | Scalar(style="", anchor=None):
                edits = self._below(rules, lines)
            case _:
                raise _cannot(self._name, "its creation_rules are a flow list ([…]) or an alias")
        if child(self._root, "stores") is None:
            edits.append(self._at_end(["", *stores_lines(layout)]))
        return edits

    def _layout(self, rules: Node | None) -> Layout:
        """Indent as the rules that are there do, else as another list of the file does."""
        lists = [rules, *(value for _, value in (self._root.items if self._root else ()))]
        for node in lists:
            if isinstance(node, Sequence) and not node.flow and node.items:
                dash, first = self._column(node.start), node.items[0].start
                beside = self._line_start(first) == self._line_start(node.start)
                return Layout(dash, max(self._column(first) - dash - 1, 1) if beside else 1)
        return Layout()

    def _item(self, rules: Sequence, index: int, layout: Layout, lines: list[str]) -> Edit:
        """Put the rule above another, and above the comments that speak of that one, or below the last."""
        if index < len(rules.items):
            start = rules.start if index == 0 else self._dash_behind(rules.items[index - 1], layout.dash)
            position = self._line_start(start)
            while position > 0 and self._is_comment(above := self._line_start(position - 1), layout.dash):
                position = above
        else:
            position = self._line_behind(rules.items[-1])
            while self._is_comment(position, layout.dash + 1):
                position = self._next_line(position)
        return self._insert(position, lines)

    def _below(self, nothing: Sequence | Scalar, lines: list[str]) -> list[Edit]:
        """Put the first rule below ``creation_rules:``, removing the ``[]`` or null behind it."""
        start = nothing.start
        while start < nothing.end and self._text[start - 1] in " \t":
            start -= 1
        return [Edit(start, nothing.end, ""), self._insert(self._next_line(nothing.end), lines)]

    def _at_end(self, lines: list[str]) -> Edit:
        """Put lines at the end of the document, before the empty lines there."""
        end = len(self._text) if self._document is None else self._document.end
        while self._text[:end].endswith(("\n\n", "\n\r\n")):
            end = self._line_start(end - 1)
        return self._insert(end, lines)

    def _insert(self, position: int, lines: list[str]) -> Edit:
        """Insert whole lines at the start of a line or at the end of the text."""
        joined = "".join(line + self._newline for line in lines)
        if position == len(self._text) and self._ends_open:
            joined, self._ends_open = self._newline + joined, False
        return Edit(position, position, joined)

    def _dash_behind(self, item: Node, column: int) -> int:
        """Find the dash of the item that follows another one: the next line that is no comment."""
        position = self._line_behind(item)
        while position < len(self._text):
            if self._text[position : position + column + 1] == " " * column + "-":
                return position + column
            position = self._next_line(position)
        raise _cannot(self._name, "its layout is not understood")

    def _is_comment(self, position: int, column: int) -> bool:
        """Tell whether a line holds nothing but a comment, indented at least so far."""
        line = self._text[position : self._next_line(position)]
        return line.lstrip(" ").startswith("#") and len(line) - len(line.lstrip(" ")) >= column

    def _line_behind(self, node: Node) -> int:
        """Return the start of the first line behind a node; a block scalar ends there itself."""
        at_line_start = self._text[node.end - 1 : node.end] == "\n"
        return node.end if at_line_start else self._next_line(node.end)

    def _next_line(self, position: int) -> int:
        found = self._text.find("\n", position)
        return len(self._text) if found < 0 else found + 1

    def _line_start(self, position: int) -> int:
        return self._text.rfind("\n", 0, position) + 1

    def _column(self, position: int) -> int:
        return position - self._line_start(position)
