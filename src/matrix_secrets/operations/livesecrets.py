"""The stack's Secrets as they are in the cluster: never ciphertext."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.failures import ForbiddenError
from matrix_secrets.cluster.reading import read_secret
from matrix_secrets.errors import Place
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.manifests.resources import ENCRYPTED_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.stack.model import Stack

PASSWORD: Final = "POSTGRES_PASSWORD"  # noqa: S105  a key's name


def live_ciphertext(cluster: Connection, stack: Stack, namespace: str) -> Iterator[Finding]:
    """Yield a finding for each Secret of the stack that holds ciphertext in the cluster, with its cure.

    ``namespace`` is the owner's ``targetNamespace``, which wins over the manifest's. A Secret that may not be looked at
    is named. Raises OutsideError.
    """
    for secret in stack.secrets:
        where = namespace or secret.namespace or "default"
        place = Place(where, f"Secret/{secret.name}")
        try:
            found = read_secret(cluster, where, secret.name)
        except ForbiddenError as error:
            text = "could not be looked at: whether it holds ciphertext is not known"
            yield Finding("live-secret-unread", Severity.WARNING, place, text, error.hint or "")
            continue
        entries = found.entries.items() if found is not None else ()
        keys = sorted(key for key, value in entries if value.reveal().startswith(ENCRYPTED_PREFIX))
        if keys:
            yield Finding("ciphertext-live", Severity.ERROR, place, _message(keys), _cure(keys))


def _message(keys: list[str]) -> str:
    return f"holds ciphertext in the cluster: {', '.join(keys)}. Flux applied the encrypted file without decrypting it"


def _cure(keys: list[str]) -> str:
    cure = "matrix-secrets cluster enable-decryption --push && matrix-secrets cluster reconcile: Flux replaces it"
    if PASSWORD not in keys:
        return cure
    return (
        f"{cure}. If PostgreSQL's volume is younger than that mistake (kubectl get pvc: AGE), its database was made "
        "with the ciphertext as password, and Synapse says: password authentication failed. Mend that, losing nothing: "
        "matrix-secrets rotate postgres_password --heal"
    )
