"""Pods of the sealed layout: the Secret's keys as files of a volume, the database's password in the environment."""

from __future__ import annotations

import posixpath
from dataclasses import field
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, RefusedError
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Mapping, Node, Sequence, child, find, text_at
from matrix_secrets.records import dataclass
from matrix_secrets.stack.itemlists import append_item
from matrix_secrets.stack.removal import pair_of
from matrix_secrets.stack.secretmounts import NoFile, SecretFile, file_at, mount_over, secret_sources, volume_named
from matrix_secrets.stack.spelling import Noted, flow
from matrix_secrets.stack.workloads import items

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as MappingType
    from collections.abc import Sequence as SequenceType

    from matrix_secrets.errors import Place
    from matrix_secrets.stack.spelling import Data
    from matrix_secrets.stack.synapsepods import SynapseContainer
    from matrix_secrets.stack.workloads import Workload

VOLUME: Final = "synapse-secrets"
DIRECTORY: Final = "/secrets"
PASSWORD_VARIABLE: Final = "PGPASSWORD"  # noqa: S105  a variable's name
_MODE: Final = Noted(0o644, "0644 in octal, as Kubernetes' default: Synapse does not run as root")


@dataclass(frozen=True, slots=True)
class PodEdit:
    """An edit of a workload, and what it does there."""

    place: Place
    what: str
    edit: Edit = field(repr=False)


def free_directory(containers: SequenceType[SynapseContainer]) -> str:
    """Return a directory in which none of the containers has a volume yet."""
    taken = {text_at(mount, ("mountPath",)) or "" for each in containers for mount in _mounts(each)}
    names = (DIRECTORY, *(f"{DIRECTORY}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if not any((each.rstrip("/") + "/").startswith(f"{name}/") for each in taken))


def file_edits(
    workload: Workload, containers: SequenceType[SynapseContainer], secret: str, files: MappingType[str, str]
) -> Iterator[PodEdit]:
    """Yield the edits after which each of these containers has the Secret's keys as ``files``: path to key.

    Raises RefusedError where something else stands at one of the paths.
    """
    missing = {path: key for path, key in files.items() if any(_lacks(each, path, secret, key) for each in containers)}
    for directory in dict.fromkeys(posixpath.dirname(path) for path in missing):
        wanted = {
            posixpath.basename(path): key for path, key in missing.items() if posixpath.dirname(path) == directory
        }
        yield from _directory(workload, containers, secret, directory, wanted)


def password_edits(container: SynapseContainer, secret: str, key: str) -> Iterator[PodEdit]:
    """Yield the edit that gives a container the database's password in its environment; none where it has it.

    Raises RefusedError where the variable comes from somewhere else.
    """
    place = container.place("env", PASSWORD_VARIABLE)
    source = {"secretKeyRef": {"name": secret, "key": key}}
    for variable in items(child(container.node, "env")):
        if text_at(variable, ("name",)) != PASSWORD_VARIABLE:
            continue
        reference = find(variable, ("valueFrom", "secretKeyRef"))
        if (text_at(reference, ("name",)), text_at(reference, ("key",))) == (secret, key):
            return
        written = pair_of(variable, "value")
        if written is None or not isinstance(variable, Mapping):
            raise RefusedError(
                f"does not come from {key} of Secret/{secret}",
                place=place,
                hint=f"take {PASSWORD_VARIABLE} out there; the command puts it back, from that Secret",
            )
        name, value = written
        yield PodEdit(
            place, f"from Secret/{secret}, no longer in plain text", Edit(name.start, value.end, _from(source))
        )
        return
    item: Data = {"name": PASSWORD_VARIABLE, "valueFrom": source}
    edit = append_item(container.workload.resource.stream, container.node, "env", item, place=place, after="image")
    yield PodEdit(place, f"from Secret/{secret}", edit)


def _from(source: Data) -> str:
    return f"valueFrom: {flow(source)}"


def _lacks(container: SynapseContainer, path: str, secret: str, key: str) -> bool:
    """Whether a file has to be put there. Raises RefusedError where another one stands there."""
    found = file_at(container, path)
    mount = mount_over(container, path)
    if isinstance(found, NoFile) and (mount is None or text_at(mount, ("subPath",)) is None):
        return True
    if isinstance(found, SecretFile) and (found.secret, found.key) == (secret, key):
        return False
    raise RefusedError(
        f"{path} is not {key} of Secret/{secret}, but homeserver.yaml reads it from there",
        place=container.place("volumeMounts"),
        hint="make the option in homeserver.yaml name another path, or take it out: the command puts it back",
    )


def _directory(
    workload: Workload,
    containers: SequenceType[SynapseContainer],
    secret: str,
    directory: str,
    wanted: MappingType[str, str],
) -> Iterator[PodEdit]:
    mounted = [mount for each in containers if (mount := _mount_at(each, directory)) is not None]
    names = dict.fromkeys(text_at(mount, ("name",)) or "" for mount in mounted)
    if len(names) > 1:
        raise RefusedError(
            f"different volumes are mounted at {directory}: {', '.join(names)}",
            place=workload.resource.place("volumeMounts"),
            hint="mount the same one in every container of Synapse. Nothing was changed.",
        )
    name = next(iter(names), "") or _free_name(workload)
    volume = volume_named(containers[0], name)
    if volume is None:
        yield _new_volume(workload, name, secret, wanted)
    else:
        yield from _more_items(workload, volume, name, secret, wanted)
    stream = workload.resource.stream
    for each in containers:
        if _mount_at(each, directory) is None:
            item: Data = {"name": name, "mountPath": directory, "readOnly": True}
            place = each.place("volumeMounts", name)
            edit = append_item(stream, each.node, "volumeMounts", item, place=place, after="image")
            yield PodEdit(place, f"at {directory}", edit)


def _new_volume(workload: Workload, name: str, secret: str, wanted: MappingType[str, str]) -> PodEdit:
    spec = find(workload.template, ("spec",))
    place = workload.resource.place("volumes", name)
    if not isinstance(spec, Mapping) or not spec.items:
        raise BadManifestError(
            "has no pod template", place=workload.resource.place("spec", "template"), hint=f"see {place.file}"
        )
    item: Data = {
        "name": name,
        "secret": {"secretName": secret, "defaultMode": _MODE, "items": _items(wanted)},
    }
    edit = append_item(workload.resource.stream, spec, "volumes", item, place=place, after="containers")
    many = "1 key" if len(wanted) == 1 else f"{len(wanted)} keys"
    return PodEdit(place, f"{many} of Secret/{secret}", edit)


def _more_items(
    workload: Workload, volume: Node, name: str, secret: str, wanted: MappingType[str, str]
) -> Iterator[PodEdit]:
    place = workload.resource.place("volumes", name)
    source = next((node for node, each in secret_sources(volume) if each == secret), None)
    holder = child(source, "secret")
    listed = child(holder, "items")
    if not isinstance(holder, Mapping) or not isinstance(listed, Sequence):
        raise RefusedError(
            f"is no volume with items of Secret/{secret}, but homeserver.yaml reads its files from there",
            place=place,
            hint="make the options in homeserver.yaml name another directory. Nothing was changed.",
        )
    there = {(text_at(item, ("path",)), text_at(item, ("key",))) for item in listed.items}
    for item in _items(wanted):
        if (item["path"], item["key"]) not in there:
            edit = append_item(workload.resource.stream, holder, "items", item, place=place)
            yield PodEdit(place, f"{item['key']} of Secret/{secret}", edit)


def _items(wanted: MappingType[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "path": path} for path, key in wanted.items()]


def _mounts(container: SynapseContainer) -> tuple[Node, ...]:
    return items(child(container.node, "volumeMounts"))


def _mount_at(container: SynapseContainer, directory: str) -> Node | None:
    """Return the mount of a directory itself; one above it, or of a file in it, is another matter."""
    found = mount_over(container, directory)
    here = found is not None and posixpath.normpath(text_at(found, ("mountPath",)) or "") == directory
    return found if here and text_at(found, ("subPath",)) is None else None


def _free_name(workload: Workload) -> str:
    taken = {text_at(volume, ("name",)) for volume in items(find(workload.template, ("spec", "volumes")))}
    names = (VOLUME, *(f"{VOLUME}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
