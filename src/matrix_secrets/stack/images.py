"""Container images: which are Synapse's, and which version a tag says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from matrix_secrets.manifests.nodes import Stream, find, text_at
from matrix_secrets.manifests.resources import resources
from matrix_secrets.records import dataclass
from matrix_secrets.stack.workloads import items

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# matrixdotorg/synapse, ghcr.io/element-hq/synapse, …/matrix-synapse, …/synapse-workers; not synapse-admin.
_SYNAPSE: Final = re.compile(r"(?:.+[-_.])?synapse(?:[-_.](?:workers?|main|docker|generic))?")
_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)(?:(?:\.|rc|[-+_]).*)?", re.ASCII)


class Version(NamedTuple):
    """The part of Synapse's version that says what it can do."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, slots=True)
class Image:
    """An image reference: ``name:tag@digest``."""

    name: str
    tag: str = ""
    digest: str = ""

    @property
    def is_synapse(self) -> bool:
        """Whether its name says that it is Synapse's."""
        return _SYNAPSE.fullmatch(self.name.rsplit("/", 1)[-1].lower()) is not None

    @property
    def version(self) -> Version | None:
        """The version that the tag says; None for ``latest``, a digest alone, or a tag of another kind."""
        return version_of(self.tag)

    def __str__(self) -> str:
        digest = f"@{self.digest}" if self.digest else ""
        return (f"{self.name}:{self.tag}" if self.tag else self.name) + digest


def version_of(text: str) -> Version | None:
    """Read a version as tags and people write it: ``v1.163.2``, ``1.126``; None where it is none."""
    found = _VERSION.fullmatch(text)
    return Version(int(found[1]), int(found[2])) if found else None


def image_of(reference: str) -> Image:
    """Take an image reference apart. https://pkg.go.dev/github.com/distribution/reference."""
    whole, _, digest = reference.partition("@")
    path, slash, last = whole.rpartition("/")
    name, _, tag = last.partition(":")
    return Image(f"{path}{slash}{name}", tag, digest)


def overrides(streams: Iterable[Stream]) -> dict[str, Mapping[str, str]]:
    """Return what Kustomize puts in place of images, by their name: ``images:`` of a kustomization.yaml."""
    found: dict[str, Mapping[str, str]] = {}
    for stream in streams:
        for resource in resources(stream):
            if resource.kind != "Kustomization":
                continue
            for item in items(find(resource.root, ("images",))):
                fields = {key: text_at(item, (key,)) or "" for key in ("name", "newName", "newTag", "digest")}
                found[fields["name"]] = fields
    return found


def in_service(reference: str, replaced: Mapping[str, Mapping[str, str]]) -> Image:
    """Return the image that runs where a manifest names one."""
    image = image_of(reference)
    other = replaced.get(image.name)
    if other is None:
        return image
    tag, digest = other["newTag"], other["digest"]
    if not tag and not digest:
        tag, digest = image.tag, image.digest
    return Image(other["newName"] or image.name, tag, digest)
