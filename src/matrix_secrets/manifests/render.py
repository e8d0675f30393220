"""The spelling of a value as a YAML scalar, in the style that stands there if it can carry the value."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.sourcemap import BLOCK_HEADER, source_map

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Scalar

# Stricter than YAML: what is left unquoted can be taken for nothing but a string, by any YAML version.
_PLAIN: Final = re.compile(r"[A-Za-z/@_][^\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff:#,\[\]{}&*!|>'\"%`]*", re.DOTALL)
_PLAIN_BLOCK: Final = re.compile(
    r"[A-Za-z/_](?:[^\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff\u2028\u2029:#]|:(?=[^\s])|(?<=\S)#)*(?<!:)"
)
_WORDS: Final = frozenset(["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"])
# Said by what it is: a set with all of Unicode in it takes 4 ms to compile.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


class Slot(NamedTuple):
    """The surroundings of a scalar that decide how it can be spelled.

    ``indent`` is the indentation for the lines of a block scalar; ``flow`` tells of a flow collection.
    """

    flow: bool
    indent: str
    newline: str


def quoted(value: str) -> str:
    """Spell a value as a double-quoted scalar on one line."""
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\x7f").replace("\x85", "\\N")
    text = text.replace("\u2028", "\\L").replace("\u2029", "\\P").replace("\ufeff", "\\uFEFF")
    return _UNPRINTABLE.sub(lambda match: f"\\U{ord(match[0]):08X}", text)


def is_plain_string(value: str, *, flow: bool = False) -> bool:
    """Tell whether a value, unquoted, is read as that string by every YAML parser."""
    pattern = _PLAIN if flow else _PLAIN_BLOCK
    if not pattern.fullmatch(value) or value != value.strip():
        return False
    return value.lower() not in _WORDS


def render(value: str, style: str, slot: Slot) -> str:
    """Spell a value in a style; falls back to double quotes where the style cannot carry it.

    A block scalar's spelling ends with its line end, as its span in the text does.
    """
    match style:
        case "|" | ">" if not slot.flow:
            return _block(value, style, "", slot)
        case "'" if _single_quotable(value):
            return "'" + value.replace("'", "''") + "'"
        case "" if is_plain_string(value, flow=slot.flow):
            return value
        case _:
            return quoted(value)


def require_colon(text: str, scalar: Scalar) -> None:
    """Make sure that an empty value has a place to stand in. Raises BadManifestError for a key without a colon."""
    if scalar.start != scalar.end or scalar.node_start != scalar.start:
        return
    before = scalar.start
    while before and text[before - 1] in " \t":
        before -= 1
    mark = text[before - 1 : before]
    if mark != ":" and (mark != "-" or text[max(before - 2, 0) : before - 1].strip()):
        line = text.count("\n", 0, scalar.start) + 1
        raise BadManifestError(
            f"a key without a colon, at line {line} or right before it: a value has no place there",
            hint="write a colon behind the key, then run the command again. Nothing was changed.",
        )


def respell(text: str, scalar: Scalar, value: str, slot: Slot) -> str:
    """Spell a new value for a scalar in its own style; a block keeps its header's comment and its indentation.

    Raises BadManifestError as `require_colon`.
    """
    require_colon(text, scalar)
    if scalar.style not in ("|", ">"):
        # What is empty stands right behind its colon or dash (``key:``).
        behind_indicator = scalar.start == scalar.end and text[scalar.start - 1 : scalar.start].strip()
        return (" " if behind_indicator else "") + render(value, scalar.style, slot)
    header = BLOCK_HEADER.match(text, scalar.start, scalar.end)
    indent = source_map(text, scalar).indent or slot.indent
    spelled = _block(value, scalar.style, header[0] if header else "", Slot(slot.flow, indent, slot.newline))
    ends_open = scalar.end == len(text) and not text.endswith(("\n", "\r"))
    return spelled.removesuffix(slot.newline) if ends_open and not value.endswith("\n") else spelled


def _single_quotable(value: str) -> bool:
    return not re.search(r"[\r\n\t\x85\u2028\u2029\ufeff]", value) and not _UNPRINTABLE.search(value)


def _block(value: str, style: str, header: str, slot: Slot) -> str:
    found = BLOCK_HEADER.match(header)
    indicators, comment = (found[1], found[2]) if found else ("", None)
    digit = "".join(char for char in indicators if char.isdigit())
    if not slot.indent or not _block_can_hold(value, style, explicit=bool(digit)):
        return quoted(value) + (f" {comment}" if comment else "") + slot.newline
    body, ends = value.rstrip("\n"), len(value) - len(value.rstrip("\n"))
    written = indicators.replace(digit, "") if digit else indicators
    chomping = {0: "-", 1: ""}.get(ends, "+")
    if found and (written == chomping or (written == "+" and ends >= 1)):
        head = header[: found.start(3)]
    else:
        head = f"{style}{digit}{chomping}" + (f" {comment}" if comment else "")
    folded = body if style == "|" else re.sub(r"\n+", lambda breaks: breaks[0] + "\n", body)
    lines = [slot.indent + line if line else "" for line in folded.split("\n")]
    return slot.newline.join([head, *lines]) + slot.newline * max(ends, 1)


def _block_can_hold(value: str, style: str, *, explicit: bool) -> bool:
    """Whether a block scalar of this style can carry a value and give it back.

    It cannot hold control characters, or nothing but white space; without an indentation indicator not a first line
    that is indented; folded not a line that is indented, which would not fold.
    """
    if _UNPRINTABLE.search(value) or re.search(r"[\r\x85\u2028\u2029\ufeff]", value) or not value.strip("\n "):
        return False
    first = next(line for line in value.split("\n") if line)
    if first.startswith(" ") and not explicit:
        return False
    return style == "|" or re.search(r"(?m)^[ \t\n]|[ \t]$", value.rstrip("\n")) is None
