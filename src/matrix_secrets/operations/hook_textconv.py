"""An encrypted file as ``git diff`` shows it: key names, and for each value a mark that changes when the value does.

The marks are made with a random key that never leaves this clone: with them alone nobody can try out guesses.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.recipient import short
from matrix_secrets.errors import BadManifestError, MatrixSecretsError, Place
from matrix_secrets.manifests.embedded import EmbeddedText
from matrix_secrets.manifests.nodes import Scalar, leaves
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.render import Slot
from matrix_secrets.sops.masking import masked, masked_unopened, without_ciphertext
from matrix_secrets.sops.metadata import is_encrypted, read_metadata

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.openedvalue import OpenedValue
    from matrix_secrets.sops.opening import Opened

_KEY_BYTES: Final = 32
_MARK: Final = 8  # hexadecimal digits
_CONFIGURATIONS: Final = (".yaml", ".yml", ".json", ".config")


def readable(raw: bytes, file: str, opened: Callable[[str], Opened], key: bytes, *, reveal: bool = False) -> str:
    """Return the text that stands for a file in a diff; one that is not encrypted is itself.

    ``opened`` opens an encrypted text; where it cannot, the marks are those of the ciphertexts. Never raises for what
    a file holds: a diff has to be shown.
    """
    try:
        stream = parse(decode(raw, file), file)
        encrypted = is_encrypted(stream)
    except BadManifestError:
        return without_ciphertext(raw.decode("utf-8", errors="replace"), lambda text: _closed(key, text))
    if not encrypted:
        return stream.text
    try:
        found = opened(stream.text)
    except MatrixSecretsError as why:
        return masked_unopened(stream, lambda text: _closed(key, text), _block(stream, why.message))
    block = _block(stream, None)
    return f"{found.plain}{block}\n" if reveal else masked(found, lambda value: _shown(key, value), block)


def mark_key(state_dir: Path | None) -> bytes:
    """Return this clone's key for marks, a new one where there is none; a passing one where none can be kept."""
    new = secrets.token_bytes(_KEY_BYTES)
    if state_dir is None:
        return new
    path = state_dir / "diff-key"
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(new)
    except FileExistsError:
        pass
    except OSError:
        return new
    kept = path.read_bytes()
    return kept if len(kept) == _KEY_BYTES else new


def _mark(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()[:_MARK]


def _closed(key: bytes, ciphertext: str) -> str:
    return f"(encrypted {_mark(key, ciphertext)})"


def _shown(key: bytes, value: OpenedValue) -> str:
    text = value.text
    place = getattr(value.item, "place", ())
    name = str(place[-1]) if place else ""
    size = f"{text.count(chr(10)) + 1} lines" if "\n" in text.strip() else f"{len(text)} characters"
    head = f"(encrypted {_mark(key, text)}, {size})"
    if "\n" not in text.strip() or not name.endswith(_CONFIGURATIONS):
        return head
    return "\n".join([head, *(f"      {line}" for line in _options(key, name, text))])


def _options(key: bytes, name: str, text: str) -> list[str]:
    """The options of an embedded configuration, each with a mark of its own; nothing where it does not parse."""
    outer = parse("")
    scalar = Scalar(0, 0, text, "", 0)
    try:
        inner = EmbeddedText(outer, scalar, Slot(flow=False, indent="", newline="\n"), Place("", path=(name,))).parsed()
    except BadManifestError:
        return []
    return [
        f"{'.'.join(map(str, leaf.path))}: ({_mark(key, leaf.node.value)})"
        for document in inner.documents
        for leaf in leaves(document.root)
        if isinstance(leaf.node, Scalar)
    ]


def _block(stream: Stream, why: str | None) -> str:
    """What the blocks say that a reader wants to know: who reads the file. Dates and MACs change with every edit."""
    try:
        metadata = read_metadata(stream)
    except BadManifestError:
        return "sops: (cannot be read)"
    readers = [short(recipient) for recipient, _ in metadata.age] + list(metadata.other_keys)
    closed = "" if why is None else f"; {why}"
    return f"sops: (encrypted for {', '.join(readers)}{closed})"
