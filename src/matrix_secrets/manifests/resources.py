"""Kubernetes resources in a stream: what they are called, and the texts under data: and stringData:."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import Place
from matrix_secrets.manifests.embedded import EmbeddedText
from matrix_secrets.manifests.nodes import Document, Mapping, Node, Path, Scalar, Stream, child, text_at
from matrix_secrets.manifests.render import Slot
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

ENCRYPTED_PREFIX: Final = "ENC[AES256_GCM,"
STRING_DATA: Final = "stringData"
DATA: Final = "data"


@dataclass(frozen=True, slots=True)
class Resource:
    """One document that is a Kubernetes resource; what is missing or encrypted of its kind and names is empty."""

    stream: Stream
    document: Document

    @property
    def root(self) -> Node | None:
        """The resource's mapping."""
        return self.document.root

    @property
    def kind(self) -> str:
        """The kind, ``Secret``."""
        return _readable(text_at(self.root, ("kind",)))

    @property
    def name(self) -> str:
        """metadata.name."""
        return _readable(text_at(self.root, ("metadata", "name")))

    @property
    def namespace(self) -> str:
        """metadata.namespace, empty where Kustomize or the Flux Kustomization sets it."""
        return _readable(text_at(self.root, ("metadata", "namespace")))

    @property
    def label(self) -> str:
        """``Secret/matrix-secrets``, or ``document 2`` where that cannot be read."""
        return f"{self.kind}/{self.name}" if self.kind and self.name else f"document {self.document.index + 1}"

    def place(self, *path: str) -> Place:
        """The place of a key path in this resource."""
        return Place(self.stream.file, self.label, path)

    def entries(self) -> Iterator[Entry]:
        """Yield what stands under stringData: and data: as texts; of duplicates the one Kubernetes takes comes last."""
        for field in (DATA, STRING_DATA):
            node = child(self.root, field)
            if not isinstance(node, Mapping):
                continue
            for key, value in node.items:
                if isinstance(key, Scalar) and isinstance(value, Scalar):
                    yield Entry(self, field, key.value, value, node.flow, self._indent_of(key))

    def entry(self, key: str) -> Entry | None:
        """The entry under a key; stringData: wins over data:, as it does in Kubernetes."""
        found = None
        for entry in self.entries():
            if entry.key == key:
                found = entry
        return found

    def _indent_of(self, key: Scalar) -> str:
        text = self.stream.text
        line_start = text.rfind("\n", 0, key.start) + 1
        return " " * (key.start - line_start + 2)


@dataclass(frozen=True, slots=True)
class Entry:
    """One key under data: or stringData: of a resource."""

    resource: Resource
    field: str
    key: str
    scalar: Scalar
    flow: bool
    indent: str

    @property
    def path(self) -> Path:
        """The path from the document's root."""
        return (self.field, self.key)

    @property
    def place(self) -> Place:
        """The place, without the field's name, which says nothing to a reader."""
        return self.resource.place(self.key)

    @property
    def encrypted(self) -> bool:
        """Whether the value is ciphertext."""
        return is_ciphertext(self.scalar.value)

    def embedded(self) -> EmbeddedText:
        """The text it carries; a Secret's data: is base64, a ConfigMap's is not."""
        encoded = self.field == DATA and self.resource.kind == "Secret"
        slot = Slot(self.flow, self.indent, self.resource.stream.newline)
        return EmbeddedText(self.resource.stream, self.scalar, slot, self.place, encoded)


def is_ciphertext(value: str) -> bool:
    """Whether a value is SOPS ciphertext."""
    return value.startswith(ENCRYPTED_PREFIX)


def resources(stream: Stream) -> Iterator[Resource]:
    """Yield the documents of a stream that are mappings."""
    for document in stream.documents:
        if isinstance(document.root, Mapping):
            yield Resource(stream, document)


def _readable(value: str | None) -> str:
    return "" if value is None or is_ciphertext(value) else value
