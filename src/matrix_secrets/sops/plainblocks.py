"""The ``sops:`` blocks of a text, read without a YAML parser where they stand exactly as sops or this tool writes them.

A thousand files are looked through for who reads them ten times as fast. What is spelled in any other way, or could
be, is left to the parser: then there is no answer here. Source of the shape: sops 3.13.3, stores/stores.go, as
go-yaml writes it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.nodes import Mapping, Scalar, child
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.metadata import KEY, Metadata
from matrix_secrets.sops.selectors import Selector
from matrix_secrets.sops.stanzas import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.manifests.nodes import Node
    from matrix_secrets.sops.stanzas import Stanza

_LINE: Final = f"\n{KEY}:"
_BLOCK: Final = re.compile(
    rf"{KEY}:\n"
    r"(?P<indent> +)age:\n"
    r"(?P<age>(?P<dash>(?P=indent) *)- enc: \|\n(?:(?P=dash)  .*\n|(?P=dash)- enc: \|\n)+)"
    r"(?P<fields>(?:(?P=indent)[a-z_]+: .+\n)+)"
    r"(?! )"
)
_FIELD: Final = re.compile(r" +([a-z_]+): (.+)\n")
_VALUES: Final = {
    # Nothing in here has another meaning than its characters, whatever YAML it stands in.
    **dict.fromkeys((selector.value for selector in Selector), re.compile(r"([A-Za-z_^(][A-Za-z0-9_^()|$.*+/-]*)")),
    "lastmodified": re.compile(r'"([0-9TZ:.+-]+)"'),
    "mac": re.compile(r"(ENC\[AES256_GCM,data:[A-Za-z0-9+/=]+,iv:[A-Za-z0-9+/=]+,tag:[A-Za-z0-9+/=]+,type:str\])"),
    "mac_only_encrypted": re.compile("(true)"),
    "version": re.compile(r"(\d+\.\d+\.\d+)"),
}
_MARK: Final = "---\n"
_MARKERS: Final = ("\n---", "\n...", "\n%")
_HEADER: Final = re.compile(r"(?:[ ]*(?:#.*)?\n)*---\n")
_EMPTIED: Final = "x"


class PlainBlocks(NamedTuple):
    """What the blocks of a text say, in order; the text with no more than ``x`` in each; where each list of keys ends.

    ``shapes`` say how an entry is written in each list.
    """

    metadata: tuple[Metadata, ...]
    outside: str
    ends: tuple[int, ...]
    shapes: tuple[Shape, ...]

    def with_more(self, text: str, stanzas: Sequence[Stanza]) -> str:
        """Put more recipients behind the others, in each block."""
        lists = zip(self.ends, self.shapes, strict=True)
        return splice(
            text, [Edit(at, at, "".join(shape.rendered(each, "\n") for each in stanzas)) for at, shape in lists]
        )


def plain_blocks(text: str) -> PlainBlocks | None:
    """Read all blocks; None where one is spelled in another way, or another may stand where it is not looked for.

    That each block is a key of its document's root, and not part of a text with line ends, is what a parser has to say.
    """
    found: list[Metadata] = []
    outside: list[str] = []
    ends: list[int] = []
    shapes: list[Shape] = []
    end = 0
    for start in _starts(text):
        block = _BLOCK.match(text, start)
        metadata = _read(block) if block is not None else None
        if block is None or metadata is None:
            return None
        found.append(metadata)
        outside.append(text[end : block.start()])
        ends.append(block.end("age"))
        shapes.append(_shape(block))
        end = block.end()
    outside.append(text[end:])
    rest = f"{KEY}: {_EMPTIED}\n".join(outside)
    if not all(part.startswith(_MARK) or f"\n{_MARK}" in part for part in outside[1:-1]):
        return None  # two in one document: what that means, a parser has to say
    # Spelled with quotes, escapes, an alias: the key may be there in disguise.
    if not found or any(KEY in part for part in outside) or "\\" in rest:
        return None
    return PlainBlocks(tuple(found), rest, tuple(ends), tuple(shapes))


def root_blocks(text: str, file: str) -> PlainBlocks | None:
    """Read all blocks where they say the same, and each is a key of its document's root; else None.

    A parser is asked about the text around them: it comes to a block in the same state whatever stands in that.
    """
    blocks = plain_blocks(text)
    if blocks is None or len(set(blocks.metadata)) != 1:
        return None
    try:
        documents = parse(blocks.outside, file).documents
    except BadManifestError:  # of the whole text, it says where
        return None
    return blocks if sum(_emptied(document.root) for document in documents) == len(blocks.metadata) else None


def _emptied(root: Node | None) -> bool:
    """Tell whether what is left of a block is a key of this root, and no more than that: nothing goes on behind it."""
    if not isinstance(root, Mapping) or root.flow:
        return False
    value = child(root, KEY)
    return isinstance(value, Scalar) and value.value == _EMPTIED


def _shape(block: re.Match[str]) -> Shape:
    dash = len(block["dash"])
    first = block["age"].partition("\n")[2]
    return Shape(dash, dash + 2, len(first) - len(first.lstrip(" ")), recipient_first=False)


def plain_metadata(text: str) -> Metadata | None:
    """What the block of the first document says, where all blocks are plain and say the same; else None."""
    blocks = plain_blocks(text)
    if blocks is None or any(each != blocks.metadata[0] for each in blocks.metadata):
        return None
    header = _HEADER.match(text)
    first = next(_starts(text))
    before = f"\n{text[header.end() if header is not None else 0 : first]}"
    return None if any(marker in before for marker in _MARKERS) else blocks.metadata[0]


def _starts(text: str) -> Iterator[int]:
    """Yield where a line begins with the key; by ``find``, since an expression is asked at every character."""
    if text.startswith(_LINE[1:]):
        yield 0
    at = text.find(_LINE)
    while at >= 0:
        yield at + 1
        at = text.find(_LINE, at + 1)


def _read(block: re.Match[str]) -> Metadata | None:
    fields: dict[str, str] = {}
    for name, spelled in _FIELD.findall(block["fields"]):
        shape = _VALUES.get(name)
        value = shape.fullmatch(spelled) if shape is not None else None
        if value is None or name in fields:
            return None
        fields[name] = value[1]
    only = fields.pop("mac_only_encrypted", "")
    entries = _entries(block["age"], len(block["dash"]))
    if entries is None or not {"lastmodified", "mac", "version"} <= fields.keys():
        return None
    return Metadata(entries, mac_only_encrypted=bool(only), **fields)  # type: ignore[arg-type]  # texts each


def _entries(text: str, dash: int) -> tuple[tuple[str, str], ...] | None:
    found = []
    end = 0
    for entry in _entry_of(dash).finditer(text):
        if entry.start() != end:
            return None
        armored = entry["armor"].replace(entry["indent"], "")
        found.append((entry["recipient"], armored))
        end = entry.end()
    return tuple(found) if end == len(text) else None


@lru_cache(maxsize=8)
def _entry_of(dash: int) -> re.Pattern[str]:
    """One recipient's entry in a list whose dashes stand in this column."""
    before = " " * dash
    line = r"(?P=indent)"
    return re.compile(
        rf"{before}- enc: \|\n"
        rf"(?P<armor>(?P<indent>{before}   +)-----BEGIN AGE ENCRYPTED FILE-----\n"
        rf"(?:{line}[A-Za-z0-9+/=]+\n)+"
        rf"{line}-----END AGE ENCRYPTED FILE-----\n)"
        rf"{before}  recipient: (?P<recipient>age1[0-9a-z]+)\n"
    )
