"""The Secret that the cluster's key belongs into, and what it holds now."""

from __future__ import annotations

import base64
from dataclasses import field
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.generate import identity_file_text
from matrix_secrets.cluster.flux import FLUX_NAMESPACE
from matrix_secrets.cluster.kinds import SECRET
from matrix_secrets.cluster.reading import list_kustomizations, read_secret
from matrix_secrets.cluster.writing import apply
from matrix_secrets.errors import UsageError
from matrix_secrets.operations.clusterkeys import HeldKey, entry_name, held_keys, recipients_of
from matrix_secrets.operations.enable_decryption import SECRET as USUAL
from matrix_secrets.operations.liveowner import key_secret, live_owner
from matrix_secrets.records import dataclass
from matrix_secrets.stack.fluxcontroller import controllers
from matrix_secrets.stack.fluxowner import owners_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.agekeys.identity import Identity
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.objects import LiveSecret
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.fluxowner import Owner
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

PENDING: Final = "matrix-secrets/pending-recipient"
"""Annotation: the recipient of an identity that the repository does not encrypt for yet."""


@dataclass(frozen=True, slots=True)
class KeyHome:
    """A Secret and its keys; ``secret`` is None where it does not exist yet."""

    namespace: str
    name: str
    secret: LiveSecret | None = field(repr=False)
    held: tuple[HeldKey, ...]

    @property
    def shown(self) -> str:
        """``flux-system/sops-age``."""
        return f"{self.namespace}/{self.name}"

    @property
    def recipients(self) -> tuple[str, ...]:
        """The recipients of all identities that it holds."""
        return recipients_of(self.held)

    @property
    def pending(self) -> Identity | None:
        """The identity that an interrupted run put there, and that the repository may not know."""
        wanted = self.secret.annotations.get(PENDING) if self.secret is not None else None
        found = (identity for each in self.held for identity in each.identities)
        return next((identity for identity in found if identity.recipient.key == wanted), None)

    @property
    def marked(self) -> bool:
        """Whether it has the mark of a run that did not end."""
        return self.secret is not None and PENDING in self.secret.annotations


def read_home(cluster: Connection, namespace: str, name: str) -> KeyHome:
    """Read it. Raises RefusedError for an entry that does not parse, OutsideError."""
    secret = read_secret(cluster, namespace, name)
    return KeyHome(namespace, name, secret, tuple(held_keys(secret)))


def find_home(cluster: Connection, workspace: Workspace, stacks: Sequence[Stack]) -> tuple[str, str]:
    """Return namespace and name of the Secret that the stacks' owners decrypt with; the usual one where none says.

    Only where owners of several clusters differ is this one asked which is its own. Raises UsageError where stacks do
    not share a Secret, OutsideError.
    """
    files = workspace.yaml_files()
    flagged = next((each.secret for each in controllers(files, workspace.raw) if each.secret), "")
    found: set[tuple[str, str]] = set()
    for stack in stacks:
        owners = owners_of(stack.directory, files, workspace.raw)
        places = {_place(owner, flagged) for owner in owners}
        found |= places if len(places) < 2 else _asked(cluster, stack, owners)
    if len(found) > 1:
        names = ", ".join(sorted("/".join(place) for place in found))
        raise UsageError(f"the stacks do not share a Secret: {names}", hint="choose one of them: --stack DIR")
    return next(iter(found), (FLUX_NAMESPACE, USUAL))


def put_keys(cluster: Connection, home: KeyHome, keys: Sequence[Identity], pending: str | None) -> None:
    """Put identities into the Secret, each in an entry of its own, and leave everything else alone.

    The Secret must be as it was read: raises ConflictError otherwise, and where another field manager holds an entry of
    that name with something else in it. What was applied before is named again, or it would go away.
    """
    entries: dict[str, SecretValue] = {}
    if home.secret is not None:
        entries |= {name: home.secret.entries[name] for name in home.secret.applied if name in home.secret.entries}
    entries |= {entry_name(key.recipient.key): identity_file_text(key) for key in keys}
    fields = {
        "metadata": {"annotations": {PENDING: pending}} if pending else {},
        "data": {name: base64.b64encode(text.reveal().encode()).decode() for name, text in entries.items()},
    }
    version = home.secret.resource_version if home.secret is not None else ""
    apply(cluster, SECRET, home.namespace, home.name, fields, version=version)


def _place(owner: Owner, flagged: str) -> tuple[str, str]:
    if owner.secret_name:
        return owner.namespace, owner.secret_name
    if owner.decryption and flagged:
        return FLUX_NAMESPACE, flagged
    return owner.namespace, USUAL


def _asked(cluster: Connection, stack: Stack, owners: Sequence[Owner]) -> set[tuple[str, str]]:
    owner = live_owner(stack.directory, owners, list_kustomizations(cluster))
    place = key_secret(cluster, owner) if owner is not None and owner.decryption is not None else None
    return {place or (owner.namespace if owner is not None else FLUX_NAMESPACE, USUAL)}
