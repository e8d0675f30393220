"""What the real sops encrypted and decrypted, in the shape of a data key: looked up, not computed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from matrix_secrets.manifests.comments import attach
from matrix_secrets.manifests.resolve import Kind
from matrix_secrets.sops.alignment import bare
from matrix_secrets.sops.cipher import NotAuthenticError
from matrix_secrets.sops.mac import Mac
from matrix_secrets.sops.treeitems import Leaf, value_of
from matrix_secrets.sops.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.alignment import Pair
    from matrix_secrets.sops.metadata import Metadata


class UnknownValueError(Exception):
    """Something is to be encrypted that sops was not given: a comment that it does not see."""


class SopsKey:
    """Stands in for a `DataKey` whose bytes only sops knows."""

    __slots__ = ("_ciphertexts", "_mac", "_mac_aad", "_mac_ciphertext", "_plain")

    def __init__(self, pairs: Iterable[Pair], metadata: Metadata) -> None:
        self._plain: dict[tuple[str, str], tuple[str, str]] = {}
        self._ciphertexts: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        for pair in pairs:
            self._plain[pair.ciphertext, pair.aad] = (pair.kind, pair.text)
            self._ciphertexts[pair.text, pair.kind, pair.aad].append(pair.ciphertext)
        self._mac_ciphertext, self._mac_aad = metadata.mac, metadata.mac_aad
        self._mac: str | None = None

    def encrypt(self, text: str, kind: str, aad: str) -> str:
        """Return a ciphertext that sops made of this, each as often as it made one. Raises UnknownValueError."""
        if aad == self._mac_aad:
            self._mac = text
            return self._mac_ciphertext
        if not text:
            return ""
        found = self._ciphertexts[text, kind, aad]
        if not found:
            raise UnknownValueError
        return found.pop(0) if len(found) > 1 else found[0]

    def decrypt(self, text: str, aad: str) -> tuple[str, str]:
        """Return what sops decrypted a ciphertext to. Raises NotAuthenticError for one that it never had."""
        if not text:
            return "str", ""
        if (text, aad) == (self._mac_ciphertext, self._mac_aad) and self._mac is not None:
            return "str", self._mac
        try:
            return self._plain[bare(text), aad]
        except KeyError:
            raise NotAuthenticError from None

    def take_mac(self, stream: Stream, metadata: Metadata) -> None:
        """Take the MAC of an encrypted file for right, as sops found it: compute it from what sops decrypted."""
        mac = Mac(only_encrypted=metadata.mac_only_encrypted)
        attached = attach(stream.text) if metadata.selection.by_comment else None
        for leaf in walk(stream, metadata.selection, attached):
            if not isinstance(leaf, Leaf) or (value := value_of(leaf.node)).kind is Kind.NULL:
                continue
            kind, text = self.decrypt(value.text, leaf.aad) if leaf.encrypted else ("", value.text)
            if kind != "comment":
                mac.add(text, encrypted=leaf.encrypted)
        self._mac = mac.hexdigest()

    def __repr__(self) -> str:
        return "<SopsKey>"
