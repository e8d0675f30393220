"""A stack, its parts, its managed secrets and the places where they stand. Discovery fills these, nothing else does."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from matrix_secrets.errors import MatrixSecretsError, Place
    from matrix_secrets.manifests.nodes import Path, Stream
    from matrix_secrets.manifests.resources import Entry, Resource
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.declaration import Declaration
    from matrix_secrets.stack.workspace import ManifestFile


class Layout(StrEnum):
    """*guide*: homeserver.yaml repeats the values. *sealed*: it names files and the values stand in the Secret only."""

    GUIDE = "guide"
    SEALED = "sealed"


class ValueState(StrEnum):
    """What stands in a location."""

    SET = "set"
    PLACEHOLDER = "placeholder"
    EMPTY = "empty"
    MISSING = "missing"  # the key is expected there and is not
    UNREADABLE = "unreadable"  # ciphertext that no identity opens, or YAML that is not understood: Location.why


OPEN_STATES = frozenset({ValueState.PLACEHOLDER, ValueState.EMPTY, ValueState.MISSING})


@dataclass(frozen=True, slots=True)
class SecretSpot:
    """A key under a Secret's ``stringData:`` or ``data:``; ``entry`` is None where the key is missing."""

    resource: Resource
    key: str
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class ConfigSpot:
    """A path in a homeserver.yaml."""

    config: ConfigText
    path: Path


Spot: TypeAlias = "SecretSpot | ConfigSpot"


@dataclass(frozen=True, slots=True)
class Location:
    """One place where a managed secret stands, or should stand (``MISSING``).

    ``value`` is there only for ``SET``; ``why`` only for ``UNREADABLE``. ``spot`` is how `rewriting` finds it again.
    """

    place: Place
    state: ValueState
    value: SecretValue | None
    spot: Spot = field(repr=False)
    why: MatrixSecretsError | None = None

    @property
    def file(self) -> str:
        """The file, relative to the repository."""
        return self.place.file


@dataclass(frozen=True, slots=True)
class ManagedSecret:
    """One named value with every location it stands in; all must agree."""

    declaration: Declaration
    locations: tuple[Location, ...]

    @property
    def name(self) -> str:
        """NAME: the Secret's key."""
        return self.declaration.name

    @property
    def values(self) -> tuple[SecretValue, ...]:
        """The different real values, in the order of the locations: one, if all is well."""
        return tuple(dict.fromkeys(place.value for place in self.locations if place.value is not None))

    @property
    def agrees(self) -> bool | None:
        """Whether all locations hold one real value; None where some cannot be read and none contradict."""
        if len(self.values) > 1 or any(place.state in OPEN_STATES for place in self.locations):
            return False
        return None if any(place.state is ValueState.UNREADABLE for place in self.locations) else True

    @property
    def state(self) -> ValueState:
        """The worst state of its locations: what has to be done first."""
        order = (ValueState.UNREADABLE, ValueState.PLACEHOLDER, ValueState.EMPTY, ValueState.MISSING)
        found = {place.state for place in self.locations}
        return next((state for state in order if state in found), ValueState.SET)


@dataclass(frozen=True, slots=True)
class Stack:
    """One directory that holds a Matrix stack, or part of one; ``directory`` is relative, ``""`` for the root.

    ``files`` are all manifests of the directory, Services and Deployments included; ``secrets`` the Secrets that hold
    managed keys; ``homeservers`` and ``elements`` the texts under ``homeserver.yaml`` and ``config.json``.
    """

    directory: str
    files: tuple[ManifestFile, ...] = field(repr=False)
    secrets: tuple[Resource, ...] = field(repr=False)
    homeservers: tuple[ConfigText, ...] = field(repr=False)
    elements: tuple[ConfigText, ...] = field(repr=False)
    managed: tuple[ManagedSecret, ...]
    layout: Layout

    @property
    def label(self) -> str:
        """The directory as people are shown it."""
        return self.directory or "."

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names of its files."""
        return tuple(file.file for file in self.files)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The plain texts of its files, parsed."""
        return tuple(file.stream for file in self.files)

    @property
    def locked(self) -> tuple[ManifestFile, ...]:
        """The files that could not be opened."""
        return tuple(file for file in self.files if file.locked is not None)

    @property
    def restarts(self) -> frozenset[str]:
        """The workloads, ``Kind/name``, that restart for a new value beside those that read its configurations."""
        return frozenset(consumer.label for secret in self.managed for consumer in secret.declaration.restart)

    @property
    def secret_files(self) -> tuple[str, ...]:
        """The files that hold something secret, so must be encrypted: Secrets, and configurations with values in."""
        found = {secret.stream.file for secret in self.secrets}
        found |= {place.file for secret in self.managed for place in secret.locations}
        return tuple(file.file for file in self.files if file.file in found)

    def file(self, name: str) -> ManifestFile:
        """Return the file of that name. Raises KeyError where the stack has no such file."""
        for found in self.files:
            if found.file == name:
                return found
        raise KeyError(name)
