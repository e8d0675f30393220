"""The places and consumers that ``.matrix-secrets.yaml`` names, found in the files of a stack."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError, MatrixSecretsError
from matrix_secrets.manifests.nodes import Scalar, child
from matrix_secrets.manifests.resources import DATA, STRING_DATA, Resource, resources
from matrix_secrets.records import dataclass
from matrix_secrets.stack.configtext import read_config
from matrix_secrets.stack.model import Location, SecretSpot, ValueState
from matrix_secrets.stack.values import in_config, in_entry, not_a_value
from matrix_secrets.stack.workloads import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matrix_secrets.errors import Place
    from matrix_secrets.stack.declaration import Declaration, DeclaredPlace
    from matrix_secrets.stack.grouping import Group
    from matrix_secrets.stack.workspace import ManifestFile


@dataclass(frozen=True, slots=True)
class Found:
    """The locations that were named, and the Secrets among the resources that hold them."""

    locations: tuple[Location, ...] = ()
    secrets: tuple[Resource, ...] = ()


def declared_for(declarations: Sequence[Declaration], groups: Sequence[Group], group: Group) -> list[Declaration]:
    """Return the declarations that are for a stack.

    Raises BadManifestError for a stack that does not exist, and where it cannot be told which stack a file belongs to.
    """
    found = []
    for declaration in declarations:
        owner = _owner(declaration, groups)
        if owner is None or owner == group:
            # Of the only stack, as of one that is named, everything has to be there.
            found.append(replace(declaration, stack=group.directory) if len(groups) == 1 else declaration)
    return found


def find_places(
    declaration: Declaration, files: Sequence[ManifestFile], locked: Callable[[str], MatrixSecretsError | None]
) -> Found:
    """Find the places that a declaration names beyond its own keys.

    In a stack that has none of them the declaration does not count, unless it names the stack or a file. Raises
    BadManifestError for a resource or key that is not there, and for a consumer that is none, or PostgreSQL.
    """
    held = {place: _resource(files, place.kind, place.name, place.file) for place in declaration.places}
    named = declaration.stack is not None or bool(declaration.files)
    if not named and not any(held.values()):
        return Found()
    hidden = any(file.locked is not None and not _has_kinds(file) for file in files)
    locations: list[Location] = []
    secrets: list[Resource] = []
    for place, resource in held.items():
        if resource is not None:
            locations.append(_location(place, resource, locked(resource.stream.file)))
            secrets.extend([resource] if resource.kind == "Secret" else [])
        elif not hidden:
            raise _missing(place.where, f"{place.kind}/{place.name}", place.file)
    for consumer in declaration.restart:
        workload = _resource(files, consumer.kind, consumer.name, consumer.file)
        if workload is None and not hidden:
            raise _missing(consumer.where, consumer.label, consumer.file)
        if workload is not None and Workload(workload).is_database:
            raise BadManifestError(
                "is PostgreSQL, which is never restarted for a value",
                place=consumer.where,
                cause="a second PostgreSQL could start on the same data before the first one ends",
                hint="take it out of restart:. Nothing was changed.",
            )
    return Found(tuple(locations), tuple(dict.fromkeys(secrets)))


def places_in(declaration: Declaration, file: ManifestFile) -> Iterator[Location]:
    """Yield those of a declaration's own places that stand in one file, whatever it is called; none has to."""
    for place in declaration.places:
        resource = _resource([file], place.kind, place.name, None)
        if resource is not None and resource.entry(place.key) is not None:
            yield _location(place, resource, file.locked)


def _owner(declaration: Declaration, groups: Sequence[Group]) -> Group | None:
    where = declaration.where
    if declaration.stack is not None:
        wanted = "" if declaration.stack == "." else declaration.stack
        owner = next((each for each in groups if each.directory == wanted), None)
        if owner is None:
            known = ", ".join(each.directory or "." for each in groups)
            hint = f"stack: takes one of: {known}. Nothing was changed."
            raise BadManifestError(f"{declaration.name}: there is no such stack", place=where, hint=hint)
        return owner
    if not declaration.files or len(groups) == 1:
        return None
    directories = [posixpath.dirname(file) for file in declaration.files]
    owners = [each for each in groups if any(name in (each.directory, *each.members) for name in directories)]
    if len(owners) == 1:
        return owners[0]
    raise BadManifestError(
        f"{declaration.name} names files, and there are several stacks that it could be for",
        place=where,
        hint=f"add stack: {groups[0].directory or '.'}, or another one, to it. Nothing was changed.",
    )


def _resource(files: Sequence[ManifestFile], kind: str, name: str, file: str | None) -> Resource | None:
    same: Iterator[Resource] = (
        resource
        for each in files
        if file in (None, each.file)
        for resource in resources(each.stream)
        if (resource.kind, resource.name) == (kind, name)
    )
    return next(same, None)


def _location(place: DeclaredPlace, resource: Resource, why: MatrixSecretsError | None) -> Location:
    entry = resource.entry(place.key)
    if entry is not None:
        return in_config(read_config(entry, why), place.path) if place.path else in_entry(entry, why)
    if place.path:
        message = f"{resource.label} has no key {place.key} with a text in it, so that there is no path to follow"
        raise BadManifestError(message, place=place.where, hint=f"correct it there, or in {resource.stream.file}")
    there, spot = resource.place(place.key), SecretSpot(resource, place.key, None)
    for field in (DATA, STRING_DATA):
        node = child(child(resource.root, field), place.key)
        if node is not None and not isinstance(node, Scalar):
            return Location(there, ValueState.UNREADABLE, None, spot, not_a_value(node, there))
    return Location(there, ValueState.MISSING, None, spot)


def _missing(where: Place, label: str, file: str | None) -> BadManifestError:
    stands = f"in {file}" if file else "in the stack's files"
    hint = (
        "correct kind: and name:, add the file: that it stands in, or the stack: that it is for. Nothing was changed."
    )
    return BadManifestError(f"there is no {label} {stands}", place=where, hint=hint)


def _has_kinds(file: ManifestFile) -> bool:
    return all(resource.kind for resource in resources(file.stream))
