"""A managed secret as it is declared: by the guide, or in ``.matrix-secrets.yaml``."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.records import dataclass
from matrix_secrets.stack.generator import Generator

if TYPE_CHECKING:
    from matrix_secrets.errors import Place


@dataclass(frozen=True, slots=True)
class DeclaredPlace:
    """A place that was named: a key of a Secret or ConfigMap, or a ``path`` in the YAML text under that key.

    ``file`` is where the resource stands; None: in any file of the stack. ``where`` is the line that names it.
    """

    kind: str
    name: str
    key: str
    where: Place
    path: tuple[str, ...] = ()
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Consumer:
    """A workload that has to be restarted for a new value, ``Deployment/coturn``."""

    kind: str
    name: str
    where: Place
    file: str | None = None

    @property
    def label(self) -> str:
        """Its kind and name."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Declaration:
    """A secret that is managed: its key in the Secret, and where homeserver.yaml has it.

    ``config_path`` is the value's path in homeserver.yaml (None: it stands in the Secret only); where the option
    ``path_option`` beside it is set, Synapse reads the value from a file and ``config_path`` must stay away.
    ``places`` are further ones; ``by_key`` says whether the stack's own Secret holds it under its name. ``stack`` is
    the only stack that it is for, ``where`` the line that declares it.
    """

    name: str
    config_path: tuple[str, ...] | None = None
    path_option: str | None = None
    generator: Generator = field(default_factory=Generator)
    places: tuple[DeclaredPlace, ...] = ()
    restart: tuple[Consumer, ...] = ()
    by_key: bool = True
    stack: str | None = None
    where: Place | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys under which a Secret may hold it, the usual one first."""
        if not self.by_key:
            return ()
        short = self.name.removeprefix("SYNAPSE_")
        return (self.name,) if short == self.name else (self.name, short)

    @property
    def files(self) -> tuple[str, ...]:
        """The files that its places and consumers name."""
        named = [*(place.file for place in self.places), *(consumer.file for consumer in self.restart)]
        return tuple(dict.fromkeys(file for file in named if file is not None))

    def is_called(self, name: str) -> bool:
        """Whether a NAME of the command line means it: any case, ``SYNAPSE_`` optional, ``-`` for ``_``."""
        wanted = name.strip().upper().replace("-", "_").removeprefix("SYNAPSE_")
        return wanted == self.name.upper().removeprefix("SYNAPSE_")
