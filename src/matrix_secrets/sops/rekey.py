"""Who can open an encrypted file: recipients changed under the same data key, or everything under a new one.

Source: sops 3.13.3, cmd/sops/subcommand/updatekeys (recipients; lastmodified, MAC and ciphertexts stay as they are)
and cmd/sops/rotate.go (a new data key: every ciphertext, the MAC and lastmodified anew).
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from matrix_secrets.agekeys.wrap import wrap_data_key
from matrix_secrets.errors import BadManifestError, NoIdentityError, Place
from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.nodes import Scalar, Stream, child
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.cipher import DataKey
from matrix_secrets.sops.metadata import KEY, Metadata, read_metadata
from matrix_secrets.sops.plainblocks import plain_blocks, root_blocks
from matrix_secrets.sops.recipientlists import key_of
from matrix_secrets.sops.stanzas import Stanza, blocks, stanza_edits
from matrix_secrets.sops.treeitems import Leaf

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from matrix_secrets.agekeys.recipient import Recipient
    from matrix_secrets.sops.builtin import BuiltinEngine
    from matrix_secrets.sops.opening import Opened, OpenedValue
    from matrix_secrets.sops.plainblocks import PlainBlocks

_CIPHERTEXT: Final = re.compile(r"ENC\[AES256_GCM,[^\]\s\"']*\]")


class Rekeyed(NamedTuple):
    """An encrypted text after a change of keys; ``values`` counts the ciphertexts that are new, comments included."""

    text: str
    values: int


def readers(metadata: Metadata) -> frozenset[str]:
    """The age keys that a file is encrypted for, without the comments of ssh keys."""
    return frozenset(key_of(recipient) for recipient, _ in metadata.age)


def with_recipients(
    engine: BuiltinEngine, encrypted: str, *, file: str, gain: Sequence[Recipient], lose: Collection[str] = ()
) -> Rekeyed:
    """Wrap the data key for ``gain``, too, and drop the stanzas of ``lose``: the data key and every ciphertext stay.

    Dropping alone takes nothing from anybody who has an old copy: `with_new_data_key` is for that. The result is read
    back before it is returned. Raises NoIdentityError, TamperedError, RefusedError.
    """
    plain = None if lose else root_blocks(encrypted, file)
    source = plain or parse(encrypted, file)
    metadata = _only_metadata(source) if isinstance(source, Stream) else source.metadata[0]
    key = engine.data_key(metadata, file)
    gone = {key_of(recipient) for recipient in lose}
    kept = [stanza for stanza in metadata.age if key_of(stanza[0]) not in gone]
    there = {key_of(recipient) for recipient, _ in kept}
    new = _wrapped(key, [recipient for recipient in gain if recipient.key not in there])
    if isinstance(source, Stream):
        text = splice(encrypted, stanza_edits(source, [*kept, *new]))
    else:
        text = source.with_more(encrypted, new)
    wanted = replace(metadata, age=(*kept, *new))
    done = _blocks_read_back(plain, text, wanted, file) or _read_back(parse(text, file), wanted)
    _prove_ours(engine, metadata, done, file, key)
    return Rekeyed(text, 0)


def with_new_data_key(
    engine: BuiltinEngine,
    encrypted: str,
    *,
    file: str,
    recipients: Sequence[Recipient],
    now: datetime | None = None,
) -> Rekeyed:
    """Encrypt every value, comment and the MAC under a new data key, for these recipients alone.

    Nothing but ciphertexts, MAC, lastmodified and stanzas changes in the text. The result is opened again and compared
    before it is returned. Raises NoIdentityError, TamperedError, BadManifestError, RefusedError.
    """
    opened = engine.opened(encrypted, file=file)
    _only_metadata(opened.stream)
    key = DataKey.new()
    edits = [_renewed(opened, value, key) for value in (*opened.values, *opened.strays)]
    moment = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    _, digest = opened.key.decrypt(opened.metadata.mac, opened.metadata.mac_aad)
    metadata = replace(opened.metadata, lastmodified=moment, age=tuple(_wrapped(key, recipients)))
    metadata = metadata.sealed(moment, key.encrypt(digest, "str", metadata.mac_aad))
    text = splice(encrypted, [*edits, *_metadata_edits(opened.stream, metadata)])
    stream = parse(text, file)
    _compare(stream, opened, key, metadata)
    _prove_ours(engine, opened.metadata, _read_back(stream, metadata), file, key)
    return Rekeyed(text, len(edits))


def _only_metadata(stream: Stream) -> Metadata:
    """Read the block that all documents share. Raises BadManifestError where one has another."""
    first = read_metadata(stream)
    for document, block in blocks(stream):
        if document.index and read_metadata(stream, document.index) != first:
            raise BadManifestError(
                "its sops: block is not that of the first document: it is not clear who reads what",
                place=Place(stream.file, f"document {document.index + 1}", (KEY,), _line(stream, block.start)),
                hint=f"copy the right block to every document of {stream.file}, then run the command again",
            )
    return first


def _line(stream: Stream, position: int) -> int:
    return stream.text.count("\n", 0, position) + 1


def _wrapped(key: DataKey, recipients: Sequence[Recipient]) -> list[Stanza]:
    found = wrap_data_key(key.reveal(), recipients) if recipients else {}
    return [(str(recipient), armored) for recipient, armored in found.items()]


def _renewed(opened: Opened, value: OpenedValue, key: DataKey) -> Edit:
    """The edit that replaces one ciphertext where it stands, whatever quotes are around it."""
    text, item = opened.stream.text, value.item
    if isinstance(item, Leaf):
        start, end = item.node.start, item.node.end
    else:
        start, end = value.edits[0].start, value.edits[0].end
    found = list(_CIPHERTEXT.finditer(text, start, end))
    if len(found) != 1 or (isinstance(item, Leaf) and item.via is not None):
        raise BadManifestError(
            "a ciphertext that is broken over several lines, or stands behind an alias",
            place=Place(opened.stream.file, f"document {item.document + 1}", tuple(str(each) for each in item.place)),
            hint=f"sops rotate --in-place {opened.stream.file}",
        )
    return Edit(found[0].start(), found[0].end(), key.encrypt(value.text, value.kind, item.aad))


def _metadata_edits(stream: Stream, metadata: Metadata) -> list[Edit]:
    edits = stanza_edits(stream, metadata.age)
    for _, block in blocks(stream):
        for name, spelled in (("lastmodified", f'"{metadata.lastmodified}"'), ("mac", metadata.mac)):
            node = child(block, name)
            if isinstance(node, Scalar):
                quote = '"' if block.flow or node.style else ""
                edits.append(Edit(node.start, node.end, spelled if spelled[0] == '"' else f"{quote}{spelled}{quote}"))
    return edits


def _compare(stream: Stream, old: Opened, key: DataKey, metadata: Metadata) -> None:
    """Open the new text with the new key: same values, same plain text, to the byte."""
    from matrix_secrets.sops.opening import open_file  # noqa: PLC0415  (not for recipients alone)

    new = open_file(stream, read_metadata(stream), key)
    same = new.plain == old.plain and [value.text for value in new.values] == [value.text for value in old.values]
    if not same or new.metadata != metadata:
        message = f"{old.stream.file} does not decrypt to what it held before its data key was changed"
        raise AssertionError(message)


def _blocks_read_back(before: PlainBlocks | None, new: str, wanted: Metadata, file: str) -> Metadata | None:
    """The same for a text whose blocks are plain, and alone have changed; None where a parser has to say so."""
    after = plain_blocks(new) if before is not None else None
    if before is None or after is None or before.outside != after.outside:
        return None
    for document, found in enumerate(after.metadata):
        _require_wanted(found, wanted, file, document)
    return after.metadata[0]


def _read_back(stream: Stream, wanted: Metadata) -> Metadata:
    """Read every block of a new text: each says what is wanted, no more and no less. Returns what the first says."""
    first = read_metadata(stream)
    for document, _ in blocks(stream):
        found = read_metadata(stream, document.index) if document.index else first
        _require_wanted(found, wanted, stream.file, document.index)
    return first


def _require_wanted(found: Metadata, wanted: Metadata, file: str, document: int) -> None:
    if found == wanted:
        return
    if found != replace(wanted, age=found.age) or sorted(found.age) != sorted(wanted.age):
        message = f"{file}: block {document + 1} did not become what was planned"
        raise AssertionError(message)


def _prove_ours(engine: BuiltinEngine, old: Metadata, new: Metadata, file: str, key: DataKey) -> None:
    """Open the new text's data key with our own identity, unless that is the one that was taken off."""
    there = readers(new)
    staying = tuple(stanza for stanza in old.age if key_of(stanza[0]) in there)
    try:
        engine.data_key(old if staying == old.age else replace(old, age=staying), file)
    except NoIdentityError:
        return
    if engine.data_key(new, file).reveal() != key.reveal():
        message = f"{file} does not open with the data key that it was given"
        raise AssertionError(message)
