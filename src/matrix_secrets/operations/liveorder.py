"""The order that protects, asked of the cluster that applies the stack."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.cluster.reading import list_kustomizations
from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.inforce import key_obstacle, obstacle
from matrix_secrets.operations.liveowner import live_owner, settled
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.flux import LiveKustomization
    from matrix_secrets.stack.fluxowner import Owner


@dataclass(frozen=True, slots=True)
class LiveOrder:
    """A stack's owner in a cluster, None where it has none; ``gaining`` are recipients it is about to hold."""

    cluster: Connection = field(repr=False)
    owner: LiveKustomization | None
    gaining: Collection[str] = ()

    @classmethod
    def of(
        cls, cluster: Connection, directory: str, declared: Sequence[Owner], gaining: Collection[str] = ()
    ) -> LiveOrder:
        """Ask for the owner. Raises OutsideError."""
        return cls(cluster, live_owner(directory, declared, list_kustomizations(cluster)), gaining)

    @property
    def where(self) -> str:
        """The cluster."""
        return self.cluster.where

    def speaks_for(self, declared: Owner) -> bool:
        """Whether a Kustomization of the repository is the one that runs here."""
        found = self.owner
        if found is None:
            return False
        return (found.namespace, found.name, found.path) == (declared.namespace, declared.name, declared.path)

    def refuse(self, readers: Mapping[str, Collection[str]], fresh: Sequence[str]) -> None:
        """Refuse files that the owner would not decrypt; ``fresh`` are those that were plain before.

        Of files that were encrypted already only the key is asked for: a change of theirs cannot come too early. Raises
        RefusedError, and OutsideError where the cluster does not tell.
        """
        if self.owner is None:
            return
        if fresh:
            found = obstacle(self.cluster, settled(self.cluster, self.owner), readers, self.gaining)
        else:
            found = key_obstacle(self.cluster, self.owner, readers, self.gaining)
        if found is None:
            return
        file = next(iter(fresh or readers), "the stack")
        text = f"{file} would reach Flux before Flux can decrypt it" if fresh else f"Flux could not decrypt {file}"
        said = f"; it says: {found.cause}" if found.cause else ""
        raise RefusedError(
            f"{text}; nothing was changed",
            cause=f"on {self.where}: {found.message}{said}",
            hint=f"{found.fix}; if you know better: --assume-decryption",
        )
