"""The tripwire: one value under a Secret's ``data:`` that, encrypted, makes Flux stop instead of applying ciphertext.

Ciphertext under ``data:`` is no base64, so Flux cannot normalise the Secret and looks at its ``sops:`` block; under
``stringData:`` alone it would apply the ciphertext as it is (kustomize-controller 1.9.5). The value is the key of the
secret digests, too.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.embedded import encode_base64
from matrix_secrets.manifests.nodes import Mapping, Scalar, Stream, child
from matrix_secrets.manifests.render import quoted
from matrix_secrets.manifests.resources import DATA, STRING_DATA, Resource, resources
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.stack.consumption import DIGEST_KEY
from matrix_secrets.stack.insertion import indent_of, insert_key
from matrix_secrets.stack.rewriting import replace_scalar
from matrix_secrets.stack.values import is_null

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY_BYTES: Final = 32


def new_digest_key() -> SecretValue:
    """Draw a digest key: 32 random bytes in hex, as PostgreSQL's pod gets it in its environment, too."""
    return SecretValue(secrets.token_hex(KEY_BYTES))


def digest_key(streams: Iterable[Stream]) -> SecretValue | None:
    """Return the digest key that stands in some files' Secrets, None where none does or it cannot be read."""
    for stream in streams:
        for resource in resources(stream):
            entry = resource.entry(DIGEST_KEY) if resource.kind == "Secret" else None
            if entry is None or entry.encrypted or is_null(entry.scalar):
                continue
            try:
                return SecretValue(entry.embedded().text)
            except BadManifestError:
                continue
    return None


def has_tripwire(secret: Resource) -> bool:
    """Tell whether a Secret has the tripwire in place, encrypted or not."""
    node = child(child(secret.root, DATA), DIGEST_KEY)
    return isinstance(node, Scalar) and not is_null(node)


def with_tripwire(secret: Resource, key: SecretValue) -> list[Edit]:
    """Make the edits that give a Secret the tripwire; none where it has one. An empty one is filled.

    ``key`` is the stack's digest key: an old one where there is one, else `new_digest_key`.
    """
    if has_tripwire(secret):
        return []
    text, newline = secret.stream.text, secret.stream.newline
    value = quoted(encode_base64(key.reveal()))
    data = child(secret.root, DATA)
    match child(data, DIGEST_KEY):
        case Scalar() as empty:
            return [replace_scalar(text, empty, value)]
        case None:
            pass
        case _:
            raise _unclear(secret)
    if isinstance(data, Mapping) and (data.items or data.flow):
        return [insert_key(text, data, DIGEST_KEY, value, newline=newline)]
    if not isinstance(secret.root, Mapping) or not (data is None or (isinstance(data, Scalar) and is_null(data))):
        raise _unclear(secret)
    below = _below(secret, value)
    if data is None:
        return [insert_key(text, secret.root, DATA, below, newline=newline)]
    return [Edit(data.start, data.end, below if below.startswith(newline) else f" {below}")]


def _below(secret: Resource, value: str) -> str:
    """Spell the mapping that stands below ``data:``, indented as the one below ``stringData:`` is."""
    if not isinstance(secret.root, Mapping) or secret.root.flow:
        return f"{{{quoted(DIGEST_KEY)}: {value}}}"
    strings = child(secret.root, STRING_DATA)
    text, newline = secret.stream.text, secret.stream.newline
    like = strings if isinstance(strings, Mapping) and not strings.flow else None
    step = indent_of(text, like) if like is not None else indent_of(text, secret.root) + "  "
    return f"{newline}{step}{DIGEST_KEY}: {value}"


def _unclear(secret: Resource) -> BadManifestError:
    return BadManifestError(
        "is not a mapping of keys to values",
        place=Place(secret.stream.file, secret.label, (DATA,)),
        hint=f"write it as a mapping in {secret.stream.file}. Nothing was changed.",
    )
