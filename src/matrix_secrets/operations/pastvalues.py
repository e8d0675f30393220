"""Whether an old content of a file holds a managed secret's value, decrypted in memory where it has to be."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError, MatrixSecretsError
from matrix_secrets.gitrepo.history import Version, contents
from matrix_secrets.manifests.nodes import Scalar, find
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.resources import resources
from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.sops.metadata import is_encrypted
from matrix_secrets.stack.recognition import HOMESERVER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.manifests.nodes import Path, Stream
    from matrix_secrets.manifests.resources import Entry
    from matrix_secrets.stack.declaration import Declaration


@dataclass(slots=True)
class _Content:
    """An old content: as it stood there (None: no YAML), and, once it was asked for, its plain text."""

    stored: Stream | None = field(repr=False)
    plain: Stream | None = field(default=None, repr=False)
    opened: bool = False


class PastValues:
    """Old contents by blob, each read and opened once. ``decrypt`` takes an encrypted text and its file's name."""

    def __init__(self, work_tree: WorkTree, decrypt: Callable[[str, str], str]) -> None:
        self._work_tree = work_tree
        self._decrypt = decrypt
        self._contents: dict[str, _Content] = {}
        # Per secret: the ciphertexts that are known to be its value. A later content with the same has it, too.
        self._same: dict[tuple[str, SecretValue], set[tuple[str, ...]]] = {}

    def read(self, wanted: Sequence[tuple[str, str]]) -> None:
        """Read some contents, blob and file, in one go: each would be a process of its own else."""
        new = {blob: Version(blob, file, 0) for blob, file in wanted if blob not in self._contents}
        for version, raw in contents(self._work_tree, list(new.values())):
            try:
                stored = parse(decode(raw, version.file), version.file)
            except BadManifestError:
                stored = None
            self._contents[version.blob] = _Content(stored)

    def holds(self, blob: str | None, file: str, declaration: Declaration, value: SecretValue) -> bool | None:
        """Tell whether a content holds a value for a secret; None where it cannot be opened, or does not parse."""
        if blob is None:
            return False
        self.read([(blob, file)])
        content = self._contents[blob]
        if content.stored is None:
            return None
        sealed = tuple(entry.scalar.value for entry, _ in _entries(content.stored, declaration))
        if not sealed:
            return False
        known = self._same.setdefault((declaration.name, value), set())
        if sealed in known:
            return True
        plain = self._opened(content, file)
        if plain is None:
            return None
        held = value in set(_values(plain, declaration))
        if held:
            known.add(sealed)
        return held

    def has_any(self, blob: str | None, file: str, declaration: Declaration) -> bool:
        """Tell whether a content has a value for a secret, whichever; False, too, where it cannot be opened."""
        if blob is None:
            return False
        self.read([(blob, file)])
        plain = self._opened(self._contents[blob], file)
        return plain is not None and next(_values(plain, declaration), None) is not None

    def _opened(self, content: _Content, file: str) -> Stream | None:
        if not content.opened and content.stored is not None:
            content.opened = True
            try:
                encrypted = is_encrypted(content.stored)
                text = self._decrypt(content.stored.text, file) if encrypted else content.stored.text
                content.plain = parse(text, file)
            except MatrixSecretsError:
                content.plain = None
        return content.plain


def _entries(stream: Stream, declaration: Declaration) -> Iterator[tuple[Entry, Path]]:
    """Yield the entries that may hold a secret, with the path of the value inside; by key alone: names may change."""
    places = {(place.key, place.path) for place in declaration.places}
    for resource in resources(stream):
        for entry in resource.entries():
            if entry.key in declaration.keys:
                yield entry, ()
            if entry.key == HOMESERVER_KEY and declaration.config_path is not None:
                yield entry, declaration.config_path
            for key, path in places:
                if entry.key == key:
                    yield entry, path


def _values(stream: Stream, declaration: Declaration) -> Iterator[SecretValue]:
    for entry, path in _entries(stream, declaration):
        try:
            embedded = entry.embedded()
            if not path:
                yield SecretValue(embedded.text)
                continue
            documents = embedded.parsed().documents
        except BadManifestError:
            continue
        node = find(documents[0].root, path) if documents else None
        if isinstance(node, Scalar):
            yield SecretValue(node.value)
