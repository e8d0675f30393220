"""Whether a value stands encrypted on disk: a file with a ``sops:`` block need not be encrypted in every part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.manifests.nodes import Path, Scalar, find
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import is_ciphertext
from matrix_secrets.stack.model import ConfigSpot, Location, SecretSpot, Stack

if TYPE_CHECKING:
    from matrix_secrets.stack.workspace import ManifestFile


def is_protected(stack: Stack, location: Location) -> bool:
    """Tell whether a location's value is ciphertext on disk; of a missing one, whether its surroundings are."""
    file = stack.file(location.file)
    match location.spot:
        case SecretSpot(resource, _, entry):
            return has_ciphertext(file, resource.document.index, () if entry is None else entry.path)
        case ConfigSpot(config, _):
            return has_ciphertext(file, config.entry.resource.document.index, config.entry.path)


def has_ciphertext(file: ManifestFile, document: int, path: Path) -> bool:
    """Tell whether a path of a document is ciphertext on disk; an empty path asks for the file as a whole."""
    if not file.encrypted or not path:
        return file.encrypted
    documents = (file.stream if file.locked is not None else parse(file.disk_text, file.file)).documents
    node = find(documents[document].root, path) if document < len(documents) else None
    return isinstance(node, Scalar) and is_ciphertext(node.value)
