"""The secret values that are in use today: the managed ones by name, the other encrypted ones by place."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, Place
from matrix_secrets.manifests.nodes import Mapping, Scalar, leaves
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resolve import Kind, resolve
from matrix_secrets.manifests.resources import ENCRYPTED_PREFIX, resources
from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.manifests.nodes import Leaf, Stream
    from matrix_secrets.manifests.resources import Entry
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

_SECRET_NAME: Final = re.compile(r"(?i)secret|passw|passphrase|token|private|credential|api_?key|_key$|^key$|pass$")
_NO_SECRET_NAME: Final = re.compile(r"(?i)_path$|_file$|_url$|public")
_NEVER_SECRET: Final = frozenset(
    {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_INITDB_ARGS", "PGDATA", "PGUSER", "PGDATABASE"}
)


@dataclass(frozen=True, slots=True)
class HeldValue:
    """A value with all its places. ``owners`` are the stacks that manage it, each with its name there.

    A repository's only stack is "". Without an owner the value was found encrypted.
    """

    name: str
    places: tuple[Place, ...]
    value: SecretValue
    owners: tuple[tuple[str, str], ...] = ()

    @property
    def managed(self) -> bool:
        """Whether this program can replace it."""
        return bool(self.owners)


@dataclass(frozen=True, slots=True)
class Holding:
    """The values of today's files, and the files that could not be opened, with the reason."""

    values: tuple[HeldValue, ...]
    locked: tuple[tuple[str, MatrixSecretsError], ...]


@dataclass(slots=True)
class _Found:
    """What is known of a value so far, in order."""

    name: str
    places: dict[Place, None] = field(default_factory=dict)
    owners: dict[tuple[str, str], None] = field(default_factory=dict)


def held_values(workspace: Workspace, stacks: Sequence[Stack], files: Sequence[str]) -> Holding:
    """Return what is secret in the stacks and in the named encrypted files; nothing of it is shown anywhere."""
    found: dict[SecretValue, _Found] = {}
    for stack in stacks:
        for secret in stack.managed:
            for location in secret.locations:
                if location.value is not None:
                    owner = (stack.label if len(stacks) > 1 else "", secret.name)
                    _add(found, location.value, secret.name, location.place, owner)
    locked: list[tuple[str, MatrixSecretsError]] = []
    for file in files:
        read = workspace.read(file)
        if read.locked is not None:
            locked.append((file, read.locked))
            continue
        for name, place, text in _of_file(read.stream, parse(read.disk_text, file)):
            _add(found, SecretValue(text), name, place)
    values = [HeldValue(each.name, tuple(each.places), value, tuple(each.owners)) for value, each in found.items()]
    return Holding(tuple(values), tuple(locked))


def _add(
    found: dict[SecretValue, _Found], value: SecretValue, name: str, place: Place, owner: tuple[str, str] | None = None
) -> None:
    if not value.reveal().strip():
        return
    each = found.setdefault(value, _Found(name))
    each.places[place] = None
    if owner is not None:
        each.owners[owner] = None


def _of_file(plain: Stream, disk: Stream) -> Iterator[tuple[str, Place, str]]:
    """Yield name, place and text of what is encrypted in a file and looks like a secret."""
    sealed = {
        (document.index, leaf.path)
        for document in disk.documents
        for leaf in leaves(document.root)
        if isinstance(leaf.node, Scalar) and leaf.node.value.startswith(ENCRYPTED_PREFIX)
    }
    for resource in resources(plain):
        entries = {entry.path: entry for entry in resource.entries()}
        for leaf in leaves(resource.root):
            if (resource.document.index, leaf.path) not in sealed or not isinstance(leaf.node, Scalar):
                continue
            entry = entries.get(leaf.path)
            if entry is not None:
                yield from _of_entry(entry, whole=resource.kind == "Secret")
            elif _is_secret(leaf):
                yield str(leaf.path[-1]), resource.place(*map(str, leaf.path)), leaf.node.value


def _of_entry(entry: Entry, *, whole: bool) -> Iterator[tuple[str, Place, str]]:
    """Yield a Secret's value; of an embedded configuration the options whose names say that they are secret."""
    if entry.key in _NEVER_SECRET:
        return
    try:
        embedded = entry.embedded()
        text = embedded.text
        parsed = embedded.parsed() if "\n" in text.strip() else None
    except BadManifestError:
        return
    root = parsed.documents[0].root if parsed is not None and parsed.documents else None
    if not isinstance(root, Mapping):
        if whole or _is_secret_name(entry.key):
            yield entry.key, entry.place, text.strip()
        return
    for leaf in leaves(root):
        if isinstance(leaf.node, Scalar) and _is_secret(leaf):
            option = ".".join(map(str, leaf.path))
            place = Place(entry.place.file, entry.place.document, (*entry.place.path, option))
            yield option, place, leaf.node.value


def _is_secret(leaf: Leaf) -> bool:
    """Whether an option's name says that it is secret, and its value is a text: no number, no switch."""
    node, key = leaf.node, next((str(part) for part in reversed(leaf.path) if isinstance(part, str)), "")
    if not isinstance(node, Scalar) or not _is_secret_name(key):
        return False
    return bool(node.style) or resolve(node.value).kind is Kind.STR


def _is_secret_name(key: str) -> bool:
    return _SECRET_NAME.search(key) is not None and _NO_SECRET_NAME.search(key) is None
