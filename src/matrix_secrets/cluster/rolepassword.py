"""The password of a role, by `psql` in PostgreSQL's pod: what it keeps of it, a new one, whether one is let in."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.podexec import Ran, run_in_pod
from matrix_secrets.cluster.postgres import LogIn, log_in
from matrix_secrets.errors import OutsideError
from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.postgres import Database

_DEADLINE: Final = 45.0  # seconds
_PSQL: Final = ("psql", "-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1")
# The local socket is `trust` in the official image; a lock that somebody else holds must not keep us for ever.
_LOCAL: Final = ("env", "PGCONNECT_TIMEOUT=5", "PGOPTIONS=-c statement_timeout=15s -c lock_timeout=10s", *_PSQL)
_FIND: Final = "SELECT coalesce(rolpassword, '') FROM pg_catalog.pg_authid WHERE rolname = :'role';\n\\q\n"


@dataclass(frozen=True, slots=True)
class Role:
    """The role that logs in to a database; ``admin`` may change it, over the socket."""

    cluster: Connection = field(repr=False)
    database: Database
    admin: str

    @property
    def name(self) -> str:
        """The role's name."""
        return self.database.user

    @property
    def where(self) -> str:
        """``role synapse in matrix-postgres-5d4…``."""
        return f"role {self.name} in {self.database.pod.name}"


def read_verifier(role: Role) -> SecretValue:
    """Return what PostgreSQL keeps of the password, empty for none. Raises OutsideError."""
    ran = _local(role, SecretValue(_FIND))
    lines = ran.out.reveal().splitlines()
    if len(lines) != 1:
        pod = role.database.pod
        text = f"PostgreSQL knows no role {role.name}: {pod.name} in {pod.namespace}"
        raise OutsideError(
            text, hint=f"{_kubectl(role, 'exec')} -- psql -U {role.admin} -d {role.database.name} -c '\\du'"
        )
    return SecretValue(lines[0].strip())


def set_verifier(role: Role, verifier: SecretValue) -> None:
    """Give the role another password, as its verifier: no clear text reaches PostgreSQL or its log.

    Raises OutsideError; where the connection was cut it is not known whether it was done.
    """
    _local(role, SecretValue(f"ALTER ROLE :\"role\" PASSWORD '{verifier.reveal()}';\n\\q\n"))


def lets_in(role: Role, password: SecretValue) -> bool:
    """Whether PostgreSQL lets the role in with a password, over the pod's own address; see `postgres.log_in`.

    Try a password that must be refused as well. Raises OutsideError where it does not answer there.
    """
    outcome = log_in(role.cluster, role.database, password)
    if outcome in {LogIn.ACCEPTED, LogIn.REFUSED}:
        return outcome is LogIn.ACCEPTED
    pod = role.database.pod
    what = f"lets {role.name} in to {role.database.name} with no password" if outcome is not LogIn.UNREACHABLE else ""
    text = f"PostgreSQL {what or 'does not answer'} at {pod.address}:{role.database.port}, the address of {pod.name}"
    raise OutsideError(text, hint=_kubectl(role, "logs"))


def _local(role: Role, statement: SecretValue) -> Ran:
    database = role.database
    words = (*_LOCAL, "-v", f"role={role.name}", "-U", role.admin, "-d", database.name)
    ran = run_in_pod(role.cluster, database.pod, database.container, words, statement, deadline=_DEADLINE)
    if ran.code != 0:
        what = f"psql in {database.pod.name}, container {database.container}, ended with {ran.code}"
        raise OutsideError(what, cause=_said(ran), hint=_kubectl(role, "logs"))
    return ran


def _said(ran: Ran) -> str:
    """Return psql's first line where it cannot repeat a statement: errors of a statement quote it further down."""
    lines = [line.strip() for line in ran.err.reveal().splitlines() if line.strip()]
    return lines[0][:200] if lines and "SCRAM" not in lines[0] else ""


def _kubectl(role: Role, verb: str) -> str:
    pod = role.database.pod
    return f"kubectl{role.cluster.option} {verb} -n {pod.namespace} {pod.name} -c {role.database.container}"
