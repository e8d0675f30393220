"""The PostgreSQL of a stack: its pod, the role that Synapse logs in with, and the one that may change it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.postgres import Database
from matrix_secrets.cluster.reading import list_pods
from matrix_secrets.cluster.rolepassword import Role, lets_in
from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.manifests.nodes import text_at
from matrix_secrets.operations.rotation.livepods import running
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.stack.workloads import Workload, workloads

if TYPE_CHECKING:
    from matrix_secrets.operations.rotation.site import Site
    from matrix_secrets.stack.model import Stack

_PORT: Final = "5432"
_DEFAULT_ROLE: Final = "postgres"  # of the official image, where POSTGRES_USER is not set


def database_workload(stack: Stack) -> Workload:
    """Return the workload that runs PostgreSQL. Raises RefusedError where the stack has none."""
    found = [each for each in workloads(stack.streams) if each.is_database]
    if len(found) == 1:
        return found[0]
    what = "several PostgreSQL" if found else "no PostgreSQL"
    raise RefusedError(
        f"{stack.label} runs {what}: whose password it is cannot be seen",
        hint="change the database's password there, then: matrix-secrets rotate --offline",
    )


def find_role(site: Site, stack: Stack) -> Role:
    """Return the role that Synapse logs in with. Raises OutsideError where the database's pod is not ready."""
    workload, cluster = database_workload(stack), site.cluster
    resource = workload.resource
    namespace = site.namespace(stack, resource)
    live = running(cluster, resource.kind, namespace, resource.name)
    ready = [pod for pod in list_pods(cluster, namespace, live.selector) if pod.ready]
    if len(ready) != 1:
        what = "no pod of PostgreSQL is ready" if not ready else f"{len(ready)} pods of PostgreSQL are ready"
        hint = f"kubectl{cluster.option} get pods -n {namespace} -l {live.selector}"
        raise OutsideError(f"{what}: {resource.label} in {namespace}", hint=hint)
    images = ((text_at(node, ("name",)) or "", text_at(node, ("image",)) or "") for node in workload.containers())
    container = next((name for name, image in images if _is_postgres(image)), "")
    admin = _of_secret(stack, "POSTGRES_USER") or _DEFAULT_ROLE
    name = _option(stack, "database", "dbname") or _of_secret(stack, "POSTGRES_DB") or admin
    role = _option(stack, "user") or admin
    return Role(cluster, Database(ready[0], container, _PORT, role, name), admin)


def prove(role: Role, password: SecretValue, *, refused: SecretValue | None = None) -> bool:
    """Whether the password is let in, and one that was drawn a moment ago is not; ``refused`` must not be, either.

    Raises OutsideError where any password is let in: then nothing is proven.
    """
    if not lets_in(role, password):
        return False
    if lets_in(role, SecretValue(secrets.token_hex(32))):
        text = f"PostgreSQL lets {role.name} in with any password over {role.database.pod.address}: nothing is proven"
        raise OutsideError(text, hint="its pg_hba.conf must end with: host all all all scram-sha-256")
    return refused is None or not lets_in(role, refused)


def _is_postgres(image: str) -> bool:
    return "postgres" in image.partition("@")[0].rpartition("/")[2]


def _of_secret(stack: Stack, key: str) -> str:
    for secret in stack.secrets:
        entry = secret.entry(key)
        if entry is not None and not entry.encrypted:
            return entry.embedded().text.strip()
    return ""


def _option(stack: Stack, *names: str) -> str:
    found = (config.text(("database", "args", name)) for config in stack.homeservers for name in names)
    return next((text for text in found if text), "")
