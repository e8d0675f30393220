"""A configuration that stands as a text under a key of a ConfigMap or Secret: homeserver.yaml, config.json."""

from __future__ import annotations

import shlex
from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, Place
from matrix_secrets.manifests.nodes import Mapping, Node, Path, Stream, find, text_at
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from matrix_secrets.manifests.embedded import EmbeddedText
    from matrix_secrets.manifests.resources import Entry


@dataclass(frozen=True, slots=True)
class ConfigText:
    """The text, parsed; ``inner`` is None where it cannot be read, and ``why`` says why not."""

    entry: Entry = field(repr=False)
    embedded: EmbeddedText = field(repr=False)
    inner: Stream | None = field(repr=False)
    why: MatrixSecretsError | None = None

    @property
    def file(self) -> str:
        """The file that holds it."""
        return self.entry.resource.stream.file

    @property
    def readable(self) -> bool:
        """Whether it could be opened and parsed."""
        return self.inner is not None

    @property
    def root(self) -> Node | None:
        """The configuration's mapping; None where it is empty or cannot be read."""
        if self.inner is None or not self.inner.documents:
            return None
        return self.inner.documents[0].root

    def node(self, path: Path) -> Node | None:
        """Return the node at a path of the configuration."""
        return find(self.root, path)

    def text(self, path: Path) -> str | None:
        """Return the text at a path; None where there is none, or something else."""
        return text_at(self.root, path)

    def place(self, path: Path) -> Place:
        """Return the place of a path: file, resource, ``homeserver.yaml``, ``database.args.password``."""
        return self.entry.resource.place(self.entry.key, *_shown(path))


def _shown(path: Path) -> tuple[str, ...]:
    keys = tuple(str(key) for key in path)
    return keys if any("." in key for key in keys) else (".".join(keys),)


def read_config(entry: Entry, locked: MatrixSecretsError | None) -> ConfigText:
    """Parse the configuration under an entry; ``locked`` is why its file could not be opened, if so."""
    embedded = entry.embedded()
    if entry.encrypted:
        return ConfigText(entry, embedded, None, locked or no_sops_block(entry.place))
    try:
        inner = embedded.parsed()
    except BadManifestError as error:
        return ConfigText(entry, embedded, None, error)
    if inner.documents and not isinstance(inner.documents[0].root, Mapping | None):
        why = BadManifestError(
            "is not a mapping of options",
            place=entry.place,
            hint=f"put the options there, one `name: value` a line, in {entry.resource.stream.file}",
        )
        return ConfigText(entry, embedded, None, why)
    return ConfigText(entry, embedded, inner)


def no_sops_block(place: Place) -> BadManifestError:
    """Make the error for ciphertext in a file that SOPS does not know as encrypted."""
    return BadManifestError(
        "holds SOPS ciphertext, but the file has no `sops:` block to open it with",
        place=place,
        hint=f"look for the file as it was: git log -p -- {shlex.quote(place.file)}",
    )
