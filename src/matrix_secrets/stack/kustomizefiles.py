"""``kustomization.yaml`` files: what each includes, and which of them a file is built by."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.nodes import Mapping, Scalar, Sequence, find, text_at
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.manifests.resources import Resource, resources
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Sequence as List

    from matrix_secrets.manifests.nodes import Node

KUSTOMIZE_NAMES: Final = frozenset({"kustomization.yaml", "kustomization.yml"})
_INCLUDING: Final = ("resources", "bases", "components")


@dataclass(frozen=True, slots=True)
class KustomizeFile:
    """A kustomization file; ``includes`` are the files and directories that it names, from the repository's root."""

    file: str
    resource: Resource
    includes: tuple[str, ...]

    @property
    def directory(self) -> str:
        """The directory that it stands for."""
        return posixpath.dirname(self.file)


def kustomize_files(files: Iterable[str], read: Callable[[str], bytes | None]) -> list[KustomizeFile]:
    """Return the kustomization files among some; what does not parse is none."""
    return [found for file in files if posixpath.basename(file) in KUSTOMIZE_NAMES for found in _read(file, read)]


def builders_of(file: str, among: List[KustomizeFile]) -> list[KustomizeFile]:
    """Return the kustomization files that include a file, the nearest first, then those that include these."""
    found: list[KustomizeFile] = []
    wanted = {file}
    while True:
        new = [each for each in among if each not in found and wanted & set(each.includes)]
        if not new:
            return found
        found += new
        wanted = {each.directory for each in new} | {each.file for each in new}


def _read(file: str, read: Callable[[str], bytes | None]) -> list[KustomizeFile]:
    raw = read(file)
    if raw is None:
        return []
    try:
        stream = parse(decode(raw, file), file)
    except BadManifestError:
        return []
    first = next(resources(stream), None)
    if first is None or first.kind not in {"", "Kustomization", "Component"}:
        return []
    base = posixpath.dirname(file)
    names = [text for key in _INCLUDING for text in texts(find(first.root, (key,)))]
    inside = [posixpath.normpath(posixpath.join(base, name)) for name in names if "://" not in name]
    return [KustomizeFile(file, first, tuple(inside))]


def texts(node: Node | None) -> list[str]:
    """Return the texts of a sequence of scalars; none where it is something else."""
    return [each.value for each in node.items if isinstance(each, Scalar)] if isinstance(node, Sequence) else []


def mappings(node: Node | None) -> list[Mapping]:
    """Return the mappings of a sequence; none where it is something else."""
    return [each for each in node.items if isinstance(each, Mapping)] if isinstance(node, Sequence) else []


def labels_of(root: Node | None) -> dict[str, str]:
    """Return metadata.labels."""
    found = find(root, ("metadata", "labels"))
    pairs = found.items if isinstance(found, Mapping) else ()
    return {key.value: value.value for key, value in pairs if isinstance(key, Scalar) and isinstance(value, Scalar)}


def group_of(root: Node | None) -> str:
    """Return the group of apiVersion, empty for the core's."""
    version = text_at(root, ("apiVersion",)) or ""
    return version.partition("/")[0] if "/" in version else ""
