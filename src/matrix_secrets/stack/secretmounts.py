"""From a path inside a container to the key of the Secret that stands there as a file."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final, TypeAlias

from matrix_secrets.manifests.nodes import Node, find, text_at
from matrix_secrets.manifests.resolve import resolve
from matrix_secrets.records import dataclass
from matrix_secrets.stack.workloads import items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.stack.synapsepods import SynapseContainer

DEFAULT_MODE: Final = 0o644  # https://kubernetes.io/docs/concepts/storage/volumes/#secret
_KINDS: Final = (
    "secret",
    "configMap",
    "downwardAPI",
    "serviceAccountToken",
    "persistentVolumeClaim",
    "emptyDir",
    "hostPath",
    "csi",
    "nfs",
    "ephemeral",
)
_OTHERS_READ: Final = 0o004
_GROUP_READS: Final = 0o040


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file that is a key of a Secret. ``readable``: by a Synapse that is neither root nor the file's owner."""

    secret: str
    key: str
    readable: bool


@dataclass(frozen=True, slots=True)
class NoFile:
    """Nothing stands at the path, and ``why``."""

    why: str


@dataclass(frozen=True, slots=True)
class OtherFile:
    """The path lies in a volume of another kind: what stands there cannot be told from the manifests."""

    volume: str


MountedFile: TypeAlias = SecretFile | NoFile | OtherFile


def file_at(container: SynapseContainer, path: str) -> MountedFile:
    """Say what stands at a path in a container."""
    path = posixpath.normpath(path)
    mount = mount_over(container, path)
    if mount is None:
        return NoFile("no volume is mounted there")
    name = text_at(mount, ("name",)) or ""
    below = posixpath.relpath(path, _mount_path(mount))
    sub = text_at(mount, ("subPath",)) or ""
    inner = posixpath.normpath(posixpath.join(sub, "" if below == "." else below))
    volume = volume_named(container, name)
    if volume is None:
        return NoFile(f"its volume {name} does not exist")
    if text_at(mount, ("subPathExpr",)) is not None:
        return OtherFile(name)
    return _in_volume(volume, name, inner, _group_reads(container))


def mount_over(container: SynapseContainer, path: str) -> Node | None:
    """Return the innermost volumeMount that a path lies in."""
    found = [
        mount
        for mount in items(find(container.node, ("volumeMounts",)))
        if path == _mount_path(mount) or path.startswith(_mount_path(mount).rstrip("/") + "/")
    ]
    return max(found, key=lambda mount: len(_mount_path(mount)), default=None)


def volume_named(container: SynapseContainer, name: str) -> Node | None:
    """Return a volume of the pod by its name; a claim of the StatefulSet counts."""
    spec = find(container.workload.template, ("spec", "volumes"))
    claims = find(container.workload.resource.root, ("spec", "volumeClaimTemplates"))
    for volume in items(spec):
        if text_at(volume, ("name",)) == name:
            return volume
    return next((claim for claim in items(claims) if text_at(claim, ("metadata", "name")) == name), None)


def secret_sources(volume: Node) -> Iterator[tuple[Node, str]]:
    """Yield the Secrets that a volume shows, with their names."""
    for name in ("secretName", "name"):
        found = text_at(volume, ("secret", name))
        if found is not None:
            yield volume, found
    for source in items(find(volume, ("projected", "sources"))):
        yield from secret_sources(source)


def _in_volume(volume: Node, name: str, inner: str, group_reads: bool) -> MountedFile:  # noqa: FBT001  one fact of the pod
    sources = list(secret_sources(volume))
    for source, secret in sources:
        listed = items(find(source, ("secret", "items")))
        keys = {text_at(item, ("path",)): (text_at(item, ("key",)) or "", text_at(item, ("mode",))) for item in listed}
        if inner in keys or (not listed and inner != "." and "/" not in inner):
            key, mode = keys.get(inner, (inner, None))
            mode = mode or text_at(volume, ("secret", "defaultMode")) or text_at(volume, ("projected", "defaultMode"))
            return SecretFile(secret, key, _is_readable(mode, group_reads=group_reads))
    others = set(find_kinds(volume)) - {"secret"}
    if others or not sources:
        return OtherFile(name)
    shown = "the volume's root" if inner == "." else inner
    return NoFile(f"the volume {name} has no item with the path {shown}")


def find_kinds(volume: Node) -> Iterator[str]:
    """Yield the kinds of sources of a volume: ``secret``, ``configMap``, ``persistentVolumeClaim``."""
    yield from (kind for kind in _KINDS if find(volume, (kind,)) is not None)
    for source in items(find(volume, ("projected", "sources"))):
        yield from find_kinds(source)


def _mount_path(mount: Node) -> str:
    return posixpath.normpath(text_at(mount, ("mountPath",)) or "")


def _group_reads(container: SynapseContainer) -> bool:
    """Whether the pod's fsGroup owns the files of its volumes."""
    return find(container.workload.template, ("spec", "securityContext", "fsGroup")) is not None


def _is_readable(mode: str | None, *, group_reads: bool) -> bool:
    if mode is None:
        return True
    number = resolve(mode).text  # 0400 and 256 alike, as Kubernetes' own parser reads them
    if not number.isdigit():
        return True
    return bool(int(number) & (_OTHERS_READ | (_GROUP_READS if group_reads else 0)))
