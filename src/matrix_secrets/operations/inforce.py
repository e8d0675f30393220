"""Whether decryption is in force: the live owner has it, Flux has acted on that, and the key opens the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.reading import read_secret
from matrix_secrets.operations.clusterkeys import held_keys, recipients_of
from matrix_secrets.operations.liveowner import key_secret
from matrix_secrets.records import dataclass
from matrix_secrets.stack.decryption import SOPS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.flux import LiveKustomization

_RECONCILE: Final = "matrix-secrets cluster reconcile"
_ENABLE: Final = "matrix-secrets cluster enable-decryption --push, then: matrix-secrets cluster reconcile"
_INSTALL: Final = "matrix-secrets cluster install-key"
# Health is looked at after everything was decrypted and applied: unhealthy pods do not put decryption out of force.
_AFTER_APPLYING: Final = "HealthCheckFailed"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why decryption is not in force: what is so, Flux's own words where it has some, and what mends it."""

    message: str
    cause: str
    fix: str


def obstacle(
    cluster: Connection,
    owner: LiveKustomization,
    readers: Mapping[str, Collection[str]],
    also: Collection[str] = (),
) -> Obstacle | None:
    """Return why an owner would not decrypt these files; None where decryption is in force.

    ``readers`` are the recipients of each file, ``also`` those whose identities the cluster is about to get. Raises
    OutsideError where the cluster does not say, RefusedError where its Secret has an entry that stops all decryption.
    """
    # A missing key is why Flux does not get Ready: the cause is named, not its consequence.
    return _not_told(owner) or key_obstacle(cluster, owner, readers, also) or _not_acted_on(owner)


def _not_told(owner: LiveKustomization) -> Obstacle | None:
    name = f"Kustomization/{owner.name}"
    if owner.decryption is None or owner.decryption.provider != SOPS:
        return Obstacle(f"{name} in the cluster has no spec.decryption", "", _ENABLE)
    if owner.suspended:
        return Obstacle(f"{name} is suspended", "", f"flux resume kustomization {owner.name} -n {owner.namespace}")
    return None


def _not_acted_on(owner: LiveKustomization) -> Obstacle | None:
    name, ready = f"Kustomization/{owner.name}", owner.ready
    if owner.is_ready:
        return None
    if ready is not None and ready.reason == _AFTER_APPLYING and ready.generation == owner.generation:
        return None
    said = ready.message if ready is not None else ""
    if owner.observed_generation != owner.generation:
        return Obstacle(f"{name} has spec.decryption, which Flux has not acted on yet", said, _RECONCILE)
    return Obstacle(f"{name} is not Ready", said, _RECONCILE)


def key_obstacle(
    cluster: Connection,
    owner: LiveKustomization,
    readers: Mapping[str, Collection[str]],
    also: Collection[str] = (),
) -> Obstacle | None:
    """Return why the Secret that an owner names would not open the files; None where it does. Raises as `obstacle`."""
    place = key_secret(cluster, owner)
    if place is None:
        text = f"Kustomization/{owner.name} names no Secret with the key, and kustomize-controller has none for all"
        return Obstacle(text, "", _ENABLE)
    secret = read_secret(cluster, *place)
    if secret is None and not also:
        return Obstacle(f"Secret {'/'.join(place)} does not exist: Flux has no key", "", _INSTALL)
    keys = {*recipients_of(held_keys(secret)), *also}
    closed = [file for file, recipients in readers.items() if not keys & set(recipients)]
    if closed:
        return Obstacle(f"no key in Secret {'/'.join(place)} opens {', '.join(closed)}", "", _INSTALL)
    return None
