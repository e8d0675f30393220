"""What somebody opens who holds some keys, and the values that are looked for in it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final, Protocol

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, NoIdentityError
from matrix_secrets.manifests.nodes import Scalar, leaves
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import DATA, resources
from matrix_secrets.sops.rekey import readers

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from matrix_secrets.operations.keys_values import HeldValue
    from matrix_secrets.sops.cipher import DataKey
    from matrix_secrets.sops.metadata import Metadata

_SEARCHABLE: Final = 8  # characters; shorter values stand in texts by chance, so they must be a whole value there


class Search:
    """The values that are still looked for, in their different spellings."""

    def __init__(self, values: Sequence[HeldValue]) -> None:
        self.left = {held: _needles(held.value.reveal()) for held in values}

    def take(self, haystack: str, scalars: Collection[str] = ()) -> list[HeldValue]:
        """Return the values that stand in a text, and look for them no longer."""
        found = [
            held
            for held, needles in self.left.items()
            if any(needle in haystack for needle in needles) or held.value.reveal() in scalars
        ]
        for held in found:
            del self.left[held]
        return found


class Opens(Protocol):
    """Opens encrypted texts with the identities at hand."""

    def data_key(self, metadata: Metadata, file: str) -> DataKey:
        """Return a file's data key. Raises NoIdentityError."""

    def decrypt(self, encrypted: str, *, file: str) -> str:
        """Return the plain text. Raises as an engine does."""


class Reader:
    """Whoever holds some keys: they open what is encrypted for those, and all else under the data keys found there."""

    def __init__(self, keys: Collection[str], opener: Opens) -> None:
        self._keys = set(keys)
        self._opener = opener
        self._data_keys: set[DataKey] = set()

    def is_meant(self, metadata: Metadata, file: str) -> bool:
        """Whether a text is encrypted for them; its data key is theirs from now on."""
        if not readers(metadata) & self._keys:
            return False
        key = self.data_key(metadata, file)
        if key is not None:
            self._data_keys.add(key)
        return True

    def has(self, key: DataKey | None) -> bool:
        """Whether they have a data key."""
        return key in self._data_keys

    def data_key(self, metadata: Metadata, file: str) -> DataKey | None:
        """Return a text's data key; None where we cannot open it."""
        try:
            return self._opener.data_key(metadata, file)
        except NoIdentityError:
            return None

    def opened(self, text: str, file: str) -> tuple[str, frozenset[str]] | None:
        """Return what stands in an encrypted text; None where we cannot open it."""
        try:
            return haystack(self._opener.decrypt(text, file=file), file)
        except MatrixSecretsError:
            return None


def haystack(text: str, file: str) -> tuple[str, frozenset[str]]:
    """A plain text with what quotes, escapes and base64 hide in it, and all its values one by one."""
    try:
        stream = parse(text, file)
    except BadManifestError:
        return text, frozenset()
    scalars = {
        leaf.node.value
        for document in stream.documents
        for leaf in leaves(document.root)
        if isinstance(leaf.node, Scalar)
    }
    for resource in resources(stream):
        for entry in resource.entries():
            if entry.field == DATA and resource.kind == "Secret":
                try:
                    scalars.add(entry.embedded().text)
                except BadManifestError:
                    continue
    return "\n".join([text, *scalars]), frozenset(scalar.strip() for scalar in scalars)


def _needles(value: str) -> tuple[str, ...]:
    if len(value) < _SEARCHABLE:
        return ()
    return value, base64.b64encode(value.encode()).decode("ascii")
