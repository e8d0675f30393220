"""The ``sops:`` block of a file: recognised, read, written (sops 3.13.3, stores/stores.go and stores/metadata.go)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.nodes import Mapping, Scalar, Sequence, child
from matrix_secrets.manifests.timestamp import normal_timestamp
from matrix_secrets.records import dataclass
from matrix_secrets.sops.selectors import Selection, Selector

if TYPE_CHECKING:
    from collections.abc import Mapping as Fields

    from matrix_secrets.manifests.nodes import Node, Stream
    from matrix_secrets.sops.creationrules import CreationRule

KEY: Final = "sops"
FORMAT_VERSION: Final = "3.13.3"
"""The sops release whose format is written."""

_SELECTORS: Final = tuple(selector.value for selector in Selector)
_OTHER_KEYS: Final = ("kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp")
_ALL_KEYS: Final = ("age", *_OTHER_KEYS)
_TRUE: Final = frozenset({"true", "True", "TRUE", "1", "t", "T"})  # what Go's ParseBool takes


def is_encrypted(stream: Stream) -> bool:
    """Tell whether a file is a SOPS file: a document has a top-level ``sops:`` mapping with a MAC or a date."""
    if KEY not in stream.text:
        return False
    for document in stream.documents:
        block = child(document.root, KEY)
        if isinstance(block, Mapping) and (child(block, "mac") is not None or child(block, "lastmodified") is not None):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a block says. ``age`` are pairs of recipient and armored data key.

    ``other_keys`` names key kinds that only the sops program can use; ``groups`` counts Shamir groups (1: none).
    """

    age: tuple[tuple[str, str], ...]
    lastmodified: str
    mac: str
    other_keys: tuple[str, ...] = ()
    groups: int = 1
    unencrypted_suffix: str = ""
    encrypted_suffix: str = ""
    unencrypted_regex: str = ""
    encrypted_regex: str = ""
    unencrypted_comment_regex: str = ""
    encrypted_comment_regex: str = ""
    mac_only_encrypted: bool = False
    version: str = FORMAT_VERSION

    @property
    def selection(self) -> Selection:
        """Which values are encrypted. Raises BadManifestError where that is not understood."""
        return Selection.of(self)

    @property
    def mac_aad(self) -> str:
        """The additional data of the MAC: the date as Go formats it, without fractions of a second."""
        normal = normal_timestamp(self.lastmodified)
        if normal is None:
            return self.lastmodified
        head, zone = (normal[:-1], "Z") if normal.endswith("Z") else (normal[:-6], normal[-6:])
        return head.partition(".")[0] + zone

    def sealed(self, lastmodified: str, mac: str) -> Metadata:
        """Return the same with another date and MAC."""
        return replace(self, lastmodified=lastmodified, mac=mac)


def for_rule(rule: CreationRule, age: tuple[tuple[str, str], ...]) -> Metadata:
    """Make the metadata of a new file; date and MAC come later."""
    selection = Selection.of(rule)
    empty = Metadata(age, "", "", mac_only_encrypted=rule.mac_only_encrypted)
    return replace(empty, **{selection.selector.value: selection.text})  # type: ignore[arg-type]  # a str field each


def read_metadata(stream: Stream, document: int = 0) -> Metadata:
    """Read the block of a document. Raises BadManifestError where there is none, or one that sops would not take."""
    place = Place(stream.file, f"document {document + 1}", (KEY,))
    blocks = [
        value
        for key, value in _items(stream.documents[document].root if stream.documents else None)
        if isinstance(key, Scalar) and key.value == KEY
    ]
    if len(blocks) != 1 or not isinstance(blocks[0], Mapping):
        raise BadManifestError(
            "no sops: block, or not one mapping",
            place=place,
            cause="sops looks for its data in the first document only",
            hint="restore the file from Git, or encrypt it again",
        )
    fields = _fields(blocks[0])
    groups = [_fields(group) for group in _items_of(fields.get("key_groups"))]
    top = any(_items_of(fields.get(kind)) for kind in _ALL_KEYS)
    holders = [fields] if top or not groups else groups
    entries = [_fields(entry) for holder in holders for entry in _items_of(holder.get("age"))]
    return Metadata(
        age=tuple((_text(entry, "recipient"), _text(entry, "enc")) for entry in entries if entry),
        lastmodified=_text(fields, "lastmodified"),
        mac=_text(fields, "mac"),
        other_keys=tuple(kind for kind in _OTHER_KEYS if any(_items_of(holder.get(kind)) for holder in holders)),
        groups=max(len(holders), 1),
        mac_only_encrypted=_text(fields, "mac_only_encrypted") in _TRUE,
        version=_text(fields, "version"),
        **{name: _text(fields, name) for name in _SELECTORS},
    )


def render_block(metadata: Metadata, *, indent: str, newline: str) -> str:
    """Write the block with the keys in the order of real sops, two spaces a level, ``indent`` before each line."""
    lines = [f"{KEY}:", "  age:"]
    for recipient, armored in metadata.age:
        lines.append("    - enc: |")
        lines += [f"        {line}" for line in armored.strip("\n").split("\n")]
        lines.append(f"      recipient: {_spelled(recipient)}")
    fields = {selector.value: getattr(metadata, selector.value) for selector in Selector}
    rest = {name: _spelled(text) for name, text in fields.items() if text}
    rest["lastmodified"] = json.dumps(metadata.lastmodified)
    rest["mac"] = metadata.mac
    if metadata.mac_only_encrypted:
        rest["mac_only_encrypted"] = "true"
    rest["version"] = _spelled(metadata.version)
    lines += [f"  {name}: {rest[name]}" for name in sorted(rest)]
    return "".join(f"{indent}{line}{newline}" for line in lines)


def render_flow(metadata: Metadata) -> str:
    """Write the block as one entry of a flow mapping."""
    age = [{"enc": armored, "recipient": recipient} for recipient, armored in metadata.age]
    fields: dict[str, object] = {"age": age, "lastmodified": metadata.lastmodified, "mac": metadata.mac}
    fields |= {selector.value: text for selector in Selector if (text := getattr(metadata, selector.value))}
    if metadata.mac_only_encrypted:
        fields["mac_only_encrypted"] = True
    fields["version"] = metadata.version
    return f'"{KEY}": {json.dumps(fields, ensure_ascii=False, sort_keys=True)}'


def _spelled(text: str) -> str:
    from matrix_secrets.sops.plainstyle import fits_plain  # noqa: PLC0415  (only for writing)

    return text if fits_plain(text, flow=False) else json.dumps(text, ensure_ascii=False)


def _items(node: Node | None) -> tuple[tuple[Node, Node], ...]:
    return node.items if isinstance(node, Mapping) else ()


def _fields(node: Node) -> dict[str, Node]:
    """What stands under each key of a mapping, the first of duplicates; nothing for any other node."""
    return {key.value: value for key, value in reversed(_items(node)) if isinstance(key, Scalar)}


def _items_of(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Sequence) else ()


def _text(fields: Fields[str, Node], key: str) -> str:
    found = fields.get(key)
    return found.value if isinstance(found, Scalar) else ""
