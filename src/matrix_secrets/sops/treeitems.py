"""What sops walks over in a file: values and comments, each with the path that it is authenticated with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.nodes import Scalar
from matrix_secrets.manifests.resolve import Kind, Resolved, resolve
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Alias, Node, Path, Stream

_CORE_TAGS: Final = "tag:yaml.org,2002:"
_STRING_TAG: Final = "tag:yaml.org,2002:str"
_KEY_TAGS: Final = frozenset({_STRING_TAG, "tag:yaml.org,2002:merge"})  # real sops writes "!!merge <<:"
UNHINTED: Final = frozenset("abcdeghijklmpqrsuvwxzABCDEGHIJKLMPQRSUVWXZ/_")
"""What a plain scalar can start with and be nothing but a string (resolve.go, resolveTable)."""


@dataclass(slots=True)
class Leaf:
    """A scalar value. ``aad`` is its path as sops authenticates it.

    ``owner`` is where its key starts, or the list that it is in; ``via`` is the alias that leads to it, if one does.
    """

    document: int
    place: Path
    aad: str
    node: Scalar
    encrypted: bool
    flow: bool
    owner: int
    via: Alias | None = None


@dataclass(slots=True)
class Remark:
    """A comment; ``number`` counts those of the text. ``inline`` tells of one behind a value on its line."""

    document: int
    place: Path
    aad: str
    number: int
    encrypted: bool
    inline: bool = False
    in_list: bool = False


Item: TypeAlias = Leaf | Remark


def value_of(node: Scalar) -> Resolved:
    """The type and value of a scalar as sops reads it. A tag that is not understood gives a value not canonical."""
    if node.tag is None:
        if node.style or node.value[:1] in UNHINTED:
            return Resolved(Kind.STR, node.value)
        return resolve(node.value)
    if node.tag == _STRING_TAG or (node.tag == "!" and node.style):
        return Resolved(Kind.STR, node.value, node.tag != "!")
    if not node.tag.startswith(_CORE_TAGS):
        found = Resolved(Kind.STR, node.value) if node.tag != "!" else resolve(node.value)
        return Resolved(found.kind, found.text, canonical=False)
    found = resolve(node.value)
    fits = node.tag == _CORE_TAGS + found.kind.value and not node.style
    return Resolved(found.kind if fits else Kind.UNCLEAR, found.text, canonical=False)


def key_name(stream: Stream, document: int, place: Path, key: Node) -> str:
    """The text of a key. Raises BadManifestError for a key that is no string, which sops takes nowhere."""
    if isinstance(key, Scalar):
        value = key.value
        if key.tag is None and (key.style or value[:1] in UNHINTED or resolve(value).kind is Kind.STR):
            return value
        if key.tag is not None and (key.tag in _KEY_TAGS or not key.tag.startswith(_CORE_TAGS)) and key.tag != "!":
            return value
    raise BadManifestError(
        "a key that is no string; sops takes nothing else",
        place=place_of(stream, document, place, key.start),
        hint="put the key into double quotes. Nothing was changed.",
    )


def place_of(stream: Stream, document: int, place: Path, start: int | None = None) -> Place:
    """The place of a node in messages; its document is named by kind and name where they can be read."""
    from matrix_secrets.manifests.resources import Resource  # noqa: PLC0415  (only for messages)

    label = Resource(stream, stream.documents[document]).label if stream.documents[document].root else ""
    line = None if start is None else stream.text.count("\n", 0, start) + 1
    return Place(stream.file, label or f"document {document + 1}", tuple(str(key) for key in place), line)


def no_mapping(stream: Stream, document: int) -> BadManifestError:
    """What is said of a document whose top level is a list or a value."""
    return BadManifestError(
        "its top level is no mapping, and sops takes nothing else",
        place=place_of(stream, document, ()),
        hint="put the content under a key, or leave this file out of the rule",
    )


def endless_alias(stream: Stream, document: int, place: Path, start: int) -> BadManifestError:
    """What is said of an alias that cannot be followed to its end."""
    return BadManifestError(
        "an alias that contains itself, or too many of them",
        place=place_of(stream, document, place, start),
        hint="write the value out instead of the alias. Nothing was changed.",
    )
