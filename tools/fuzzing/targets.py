"""The properties that hold for every input. An exception other than ours, or a `BrokenPropertyError`, is a finding."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conforming.features import FEATURES
from conforming.reading import values
from matrix_secrets.agekeys.identity import Identity
from matrix_secrets.errors import BadManifestError, MatrixSecretsError
from matrix_secrets.manifests.edits import splice
from matrix_secrets.manifests.nodes import Scalar, leaves
from matrix_secrets.manifests.parse import BOM, decode, parse
from matrix_secrets.manifests.resolve import Kind
from matrix_secrets.manifests.resources import resources
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.creationrule import CreationRule
from matrix_secrets.sops.metadata import is_encrypted, read_metadata
from matrix_secrets.sops.plainblocks import plain_metadata, root_blocks
from matrix_secrets.sops.stanzas import blocks as all_blocks
from matrix_secrets.stack.workspace import check_parses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.metadata import Metadata

_TOP: Final = Path(__file__).parent.parent.parent
_VECTOR: Final = json.loads((_TOP / "tests" / "data" / "sops" / "age.json").read_text(encoding="utf-8"))["x25519"]
IDENTITY: Final = Identity.from_age_key(_VECTOR["identity"], "sops's own test identity")
ENGINE: Final = BuiltinEngine(lambda: [IDENTITY])
# The MAC over everything: whatever is not noticed would be a silent change.
RULE: Final = CreationRule("", (IDENTITY.recipient.key,), encrypted_regex="^(data|stringData)$")
FILE: Final = "apps/a.yaml"
_NEW: Final = ("word", "two: words # no comment", "line\nline\n", " ", "", "'\"\\\t\u2028é🚀", "12", "- x", "*a &b !c")


class BrokenPropertyError(Exception):
    """Something was changed without a word."""


def parser(data: bytes) -> None:
    """Any bytes: a tree whose positions lie in the text, in order, or a message with a place."""
    try:
        stream = parse(decode(data, FILE), FILE)
    except BadManifestError as error:
        if error.place is None:
            raise BrokenPropertyError("no place") from None
        return
    position = 0
    for document in stream.documents:
        if not position <= document.start <= document.content_start <= document.end <= len(stream.text):
            raise BrokenPropertyError("documents overlap")
        position = document.end
        for leaf in leaves(document.root):
            if not 0 <= leaf.node.start <= leaf.node.end <= len(stream.text):
                raise BrokenPropertyError("a position outside of the text")


def editor(data: bytes) -> None:
    """Any manifest: a value that is replaced is that value afterwards, and no other value is another one."""
    number = data[0] if data else 0
    try:
        stream = parse(decode(data[1:], FILE), FILE)
    except BadManifestError:
        return
    new = _NEW[number % len(_NEW)]
    for resource in resources(stream):
        for entry in resource.entries():
            if entry.scalar.anchor is not None or entry.scalar.tag is not None:
                continue
            try:
                edited = splice(stream.text, [entry.embedded().replaced(new)])
                check_parses(edited, FILE)
            except BadManifestError:  # no room: a key without a colon, a value that is less indented than its key
                return
            document, start = resource.document.index, entry.scalar.node_start
            _compare(stream, parse(edited, FILE), document, start)
            return


def _compare(old: Stream, new: Stream, document: int, start: int) -> None:
    before, after = _scalars(old), _scalars(new)
    at = next(number for number, (where, node) in enumerate(before) if (where, node.node_start) == (document, start))
    if len(before) != len(after):
        raise BrokenPropertyError("values were added or lost")
    for number, ((_, one), (_, other)) in enumerate(zip(before, after, strict=True)):
        if number != at and one.value != other.value:
            raise BrokenPropertyError("another value was changed")


def _scalars(stream: Stream) -> list[tuple[int, Scalar]]:
    return [
        (document.index, leaf.node)
        for document in stream.documents
        for leaf in leaves(document.root)
        if isinstance(leaf.node, Scalar)
    ]


def encryptor(data: bytes) -> None:
    """Any plain text: refused, or given back to the byte where no note says otherwise."""
    try:
        text = decode(data, FILE)
        result = ENGINE.encrypt(text, file=FILE, rule=RULE)
    except MatrixSecretsError:
        return
    again = ENGINE.decrypt(result.text, file=FILE)
    if again != text and not result.notes:
        raise BrokenPropertyError("another text came back")
    if values(again) != values(text):
        raise BrokenPropertyError("other values came back")


def decryptor(data: bytes) -> None:
    """Any change of an encrypted text: noticed, or the values are those that were encrypted."""
    try:
        text = decode(data, FILE)
        plain = ENGINE.decrypt(text, file=FILE)
    except MatrixSecretsError:
        return
    if _summed(plain) not in _ENCRYPTED:
        raise BrokenPropertyError("values that nobody encrypted")


def blocks(data: bytes) -> None:
    """Any change of an encrypted text: its block read without the parser is what the parser reads there.

    Where blocks are said to be keys of the roots, they are, and one more recipient in each is all that is added.
    """
    try:
        text = decode(data, FILE)
    except BadManifestError:
        return
    found, roots = plain_metadata(text), root_blocks(text, FILE)
    try:
        stream = parse(text, FILE)
    except BadManifestError:
        if roots is not None:
            raise BrokenPropertyError("blocks in a text that does not parse") from None
        return
    if found is not None and is_encrypted(stream) and found != read_metadata(stream):
        raise BrokenPropertyError("another block than the parser's")
    if roots is not None:
        if _blocks_of(stream) != list(roots.metadata):
            raise BrokenPropertyError("other blocks than the parser's")
        more = parse(roots.with_more(text, roots.metadata[0].age[:1]), FILE)
        if _blocks_of(more) != [replace(each, age=(*each.age, each.age[0])) for each in roots.metadata]:
            raise BrokenPropertyError("something else than one more recipient")


def _blocks_of(stream: Stream) -> list[Metadata]:
    return [read_metadata(stream, document.index) for document, _ in all_blocks(stream)]


def _summed(plain: str) -> str:
    """What the MAC is made of: the values in a row. Where one ends it does not tell, in sops neither."""
    return "".join(str(value) for _, _, kind, value in values(plain) if kind is not Kind.NULL)


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "parser": parser, "editor": editor, "encryptor": encryptor, "decryptor": decryptor,
    "blocks": blocks,
}  # fmt: skip
_PLAIN: Final = [feature.text for features in FEATURES.values() for feature in features if len(feature.text) < 1_000]
_MANIFEST: Final = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n"
_ENCRYPTED: Final = frozenset(_summed(text) for text in _PLAIN)


def seeds(target: str) -> list[bytes]:
    """Texts to start from."""
    match target:
        case "decryptor" | "blocks":
            texts = [ENGINE.encrypt(text, file=FILE, rule=RULE).text for text in _PLAIN]
        case "editor":
            manifests = [_MANIFEST + text for text in _PLAIN if text.startswith("data:")]
            texts = [chr(number % len(_NEW)) + text for number, text in enumerate(manifests)]
        case _:
            texts = [*_PLAIN, *(BOM + _MANIFEST + text for text in _PLAIN[:3])]
    return [text.encode() for text in texts]
