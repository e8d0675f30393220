"""A value in the place of its ciphertext: spelled as it stood before it was encrypted, as far as that is known.

A value never becomes one of another type: what would be read differently without quotes gets them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.render import quoted
from matrix_secrets.manifests.resolve import Kind, emitted
from matrix_secrets.sops.blockbody import BlockBody, block_body
from matrix_secrets.sops.plainstyle import fits_plain
from matrix_secrets.sops.splice import WAS_PLAIN

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Scalar

_UNFIT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_UNFOLDABLE: Final = re.compile(r"\A\n|(?m:^[ \t]|[ \t]$)")
_REST_OF_LINE: Final = re.compile(r"[ \t]*(?:\r?\n|\Z)")  # no comment behind the value, which a block would swallow
_NUMBERS: Final = {kind.value: kind for kind in (Kind.INT, Kind.FLOAT, Kind.BOOL, Kind.TIME)}
_LARGEST_DIGIT: Final = 9


class Surroundings(NamedTuple):
    """What decides how a value can be spelled.

    ``column`` is that of its key or dash; ``newline`` the file's; ``open_end`` tells that the file's last line has
    no line end, which a block scalar at the end then has not either.
    """

    flow: bool
    column: int
    newline: str
    open_end: bool = False


def spelled_in_place(text: str, node: Scalar, kind: str, value: str, around: Surroundings) -> list[Edit]:
    """The edits that put a decrypted value in the place of its ciphertext; they touch no comment."""
    body = block_body(text, node) if node.style in ("|", ">") else None
    if kind in _NUMBERS:
        return _replace(node, body, emitted(_NUMBERS[kind], value))
    if body is not None:
        return _in_block(node, body, value, around)
    return [Edit(node.start, node.end, _on_one_line(text, node, value, around))]


def _on_one_line(text: str, node: Scalar, value: str, around: Surroundings) -> str:
    was_plain = not node.style or (node.style == '"' and around.flow and node.value.endswith(WAS_PLAIN))
    if was_plain and fits_plain(value, flow=around.flow):
        return value
    if node.style == "'" and not _UNFIT.search(value) and not re.search(r"[\n\t]", value):
        return "'" + value.replace("'", "''") + "'"
    alone = not node.style and not around.flow and _REST_OF_LINE.match(text, node.end)
    if alone and "\n" in value and _fits_new_block(value):
        return _new_block(value, around)
    return quoted(value)


def _replace(node: Scalar, body: BlockBody | None, spelled: str) -> list[Edit]:
    """Spell a value on one line; of a block scalar on its header's line, a comment there left alone."""
    if body is None:
        return [Edit(node.start, node.end, spelled)]
    return [Edit(node.start, node.start + len(body.indicator), spelled), Edit(body.newline_at, body.end, "")]


def _in_block(node: Scalar, body: BlockBody, value: str, around: Surroundings) -> list[Edit]:
    stripped = value.rstrip("\n")
    if not stripped.strip(" ") or _UNFIT.search(value):
        return _replace(node, body, quoted(value))
    ends = len(value) - len(stripped)
    chomping = body.chomping
    if not (chomping == "+" and ends) and not (around.open_end and not ends and not chomping):
        chomping = {0: "-", 1: ""}.get(ends, "+")
    digit = body.digit
    if not digit and next(line for line in stripped.split("\n") if line)[0] in " \t":
        width = len(body.indent) - around.column
        if not 1 <= width <= _LARGEST_DIGIT:
            return _replace(node, body, quoted(value))
        digit = str(width)
    style = "|" if node.style == "|" or _UNFOLDABLE.search(stripped) else ">"
    folded = stripped if style == "|" else re.sub(r"\n+", lambda breaks: breaks[0] + "\n", stripped)
    lines = [body.indent + line if line else "" for line in folded.split("\n")]
    edits = [Edit(body.start, body.end, around.newline.join(lines) + around.newline * (ends - 1))]
    if style != node.style or chomping != body.chomping or digit != body.digit:
        edits.insert(0, Edit(node.start, node.start + len(body.indicator), style + digit + chomping))
    return edits


def _fits_new_block(value: str) -> bool:
    stripped = value.rstrip("\n")
    return bool(stripped) and stripped[0] not in " \t\n" and not _UNFIT.search(value)


def _new_block(value: str, around: Surroundings) -> str:
    stripped = value.rstrip("\n")
    ends = len(value) - len(stripped)
    indent = " " * (around.column + 2)
    lines = [indent + line if line else "" for line in stripped.split("\n")]
    head = "|" + {0: "-", 1: ""}.get(ends, "+")
    return around.newline.join([head, *lines]) + around.newline * (ends - 1)
