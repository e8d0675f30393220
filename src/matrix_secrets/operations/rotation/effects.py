"""What the rotation of a secret does, what restarts, who notices what, and for about how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from matrix_secrets.manifests.nodes import find, text_at
from matrix_secrets.operations.rotation.model import Effects
from matrix_secrets.stack.annotations import TEMPLATE_ANNOTATIONS
from matrix_secrets.stack.declarations import KNOWN_SECRETS, POSTGRES_PASSWORD
from matrix_secrets.stack.digests import SECRET_DIGEST, has_digests
from matrix_secrets.stack.model import SecretSpot
from matrix_secrets.stack.services import synapse_workloads
from matrix_secrets.stack.workloads import Reference, Workload, workloads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.stack.model import ManagedSecret, Stack

_OPTIONS: Final = "https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html"
_OPERATIONS: Final = "https://www.postgresql.org/docs/15/sql-alterrole.html"
_TURN, _REPLICATION = (each.name for each in KNOWN_SECRETS)


class _Known(NamedTuple):
    notices: str
    docs: str


_NOTICED: Final = {
    POSTGRES_PASSWORD.name: _Known("nobody is logged out; PostgreSQL is not restarted", _OPERATIONS),
    "SYNAPSE_MACAROON_SECRET_KEY": _Known(
        "users stay logged in; guests, unsubscribe links in e-mails already sent and an SSO log-in under way do not "
        "survive",
        f"{_OPTIONS}#macaroon_secret_key",
    ),
    "SYNAPSE_REGISTRATION_SHARED_SECRET": _Known(
        "users notice nothing; scripts that register users need the new one",
        f"{_OPTIONS}#registration_shared_secret",
    ),
    "SYNAPSE_FORM_SECRET": _Known(
        "users stay logged in; consent links that were sent out stop working", f"{_OPTIONS}#form_secret"
    ),
    _TURN: _Known(
        "calls under way go on; log-ins to the TURN server that were handed out before fail once it has the new one",
        f"{_OPTIONS}#turn_shared_secret",
    ),
    _REPLICATION: _Known(
        "Synapse and its workers refuse each other until all of them have restarted",
        f"{_OPTIONS}#worker_replication_secret",
    ),
}


def effects_of(stack: Stack, secret: ManagedSecret) -> Effects:
    """Say what a new value of a secret does in a stack."""
    restarts = tuple(dict.fromkeys(workload.resource.label for workload in restarted(stack, secret)))
    by_itself = has_digests(stack.streams)
    known = _NOTICED.get(secret.name, _Known("whoever reads it", ""))
    happens = "a new value in its places in Git"
    if secret.declaration is POSTGRES_PASSWORD:
        happens += ", and ALTER ROLE in the running database, which goes on with the old one otherwise"
    if not restarts:
        return Effects(happens, (), known.notices, "nothing restarts", known.docs, by_itself)
    again = (
        "clients reconnect while Synapse restarts" if _has_synapse(stack, restarts) else "it is away while it restarts"
    )
    return Effects(
        happens,
        restarts,
        f"{again}; {known.notices}",
        "about 10 s" if len(restarts) == 1 else "about 10 s each",
        known.docs,
        by_itself,
    )


def effects_of_digest_key(stack: Stack) -> Effects:
    """Say what a new key of the secret digests does: every pod template that has one gets another."""
    restarts = tuple(
        workload.resource.label
        for workload in workloads(stack.streams)
        if text_at(find(workload.resource.root, TEMPLATE_ANNOTATIONS), (SECRET_DIGEST,)) is not None
    )
    happens = "a new key for the digests in the pod templates, which tell of changed values"
    notices = "clients reconnect while Synapse restarts" if _has_synapse(stack, restarts) else "nobody"
    lasts = "nothing restarts" if not restarts else "about 10 s" if len(restarts) == 1 else "about 10 s each"
    return Effects(happens, restarts, notices, lasts, "")


def restarted(stack: Stack, secret: ManagedSecret) -> Iterator[Workload]:
    """Yield the workloads that have to restart for a new value: those that read one of its places. Never PostgreSQL."""
    synapses = {workload.resource.label for workload in synapse_workloads(stack)}
    consumers = {consumer.label for consumer in secret.declaration.restart}
    for workload in workloads(stack.streams):
        label = workload.resource.label
        if workload.is_database:
            continue
        if label in consumers or (label in synapses and _reads(workload, secret)):
            yield workload


def _reads(workload: Workload, secret: ManagedSecret) -> bool:
    references = workload.references()
    for location in secret.locations:
        spot = location.spot
        resource = spot.resource if isinstance(spot, SecretSpot) else spot.config.entry.resource
        key = spot.key if isinstance(spot, SecretSpot) else spot.config.entry.key
        if {Reference(resource.kind, resource.name, each) for each in (key, None)} & references:
            return True
    return False


def _has_synapse(stack: Stack, labels: tuple[str, ...]) -> bool:
    return any(workload.resource.label in labels for workload in synapse_workloads(stack))
