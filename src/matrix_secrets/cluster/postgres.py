"""PostgreSQL in its pod, by its own `psql`: what it keeps of a password, a new one, and whether one is let in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.podexec import Ran, run_in_pod
from matrix_secrets.errors import OutsideError
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import LivePod

PORT: Final = 5432
_DEADLINE: Final = 45.0  # seconds
_PSQL: Final = ("psql", "-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1")
# The local socket is `trust` in the official image; a lock that somebody else holds must not keep us for ever.
_LOCAL: Final = ("env", "PGCONNECT_TIMEOUT=5", "PGOPTIONS=-c statement_timeout=15s -c lock_timeout=10s", *_PSQL)
# The password comes on stdin and goes to psql as libpq reads it; argv is for everybody to see.
_LOG_IN: Final = """\
IFS= read -r PGPASSWORD && export PGPASSWORD PGCONNECT_TIMEOUT=5 || exit 12
psql -X -q -A -t -w -h "$1" -p "$2" -U "$3" -d "$4" -c 'SELECT 1' </dev/null && exit 0
unset PGPASSWORD
pg_isready -q -t 5 -h "$1" -p "$2" -U "$3" -d "$4" && exit 10
exit 11
"""
_REFUSED: Final = 10
_FIND: Final = "SELECT coalesce(rolpassword, '') FROM pg_catalog.pg_authid WHERE rolname = :'role';\n\\q\n"


@dataclass(frozen=True, slots=True)
class Database:
    """Where PostgreSQL runs, and for whom: ``role`` logs in to ``name``; ``admin`` may change it, over the socket."""

    cluster: Connection = field(repr=False)
    pod: LivePod = field(repr=False)
    container: str
    admin: str
    role: str
    name: str

    @property
    def where(self) -> str:
        """``role synapse in matrix-postgres-5d4…``."""
        return f"role {self.role} in {self.pod.name}"


def read_verifier(database: Database) -> SecretValue:
    """Return what PostgreSQL keeps of the role's password, empty for none. Raises OutsideError."""
    ran = _local(database, SecretValue(_FIND))
    lines = ran.out.reveal().splitlines()
    if len(lines) != 1:
        text = f"PostgreSQL knows no role {database.role}: {database.pod.name} in {database.pod.namespace}"
        raise OutsideError(text, hint=f"{_psql(database)} -c '\\du' lists its roles")
    return SecretValue(lines[0].strip())


def set_verifier(database: Database, verifier: SecretValue) -> None:
    """Give the role another password, as its verifier: no clear text reaches PostgreSQL or its log.

    Raises OutsideError; where the connection was cut it is not known whether it was done.
    """
    _local(database, SecretValue(f"ALTER ROLE :\"role\" PASSWORD '{verifier.reveal()}';\n\\q\n"))


def lets_in(database: Database, password: SecretValue) -> bool:
    """Whether PostgreSQL lets the role in with a password, over the pod's own address.

    Never over loopback, which the image trusts: try a password that must be refused as well. Raises OutsideError where
    it does not answer there.
    """
    address = database.pod.address
    words = ("sh", "-c", _LOG_IN, "sh", address, str(PORT), database.role, database.name)
    sent = SecretValue(f"{password.reveal()}\n")
    ran = run_in_pod(database.cluster, database.pod, database.container, words, sent, deadline=_DEADLINE)
    if ran.code not in {0, _REFUSED}:
        text = f"PostgreSQL does not answer at {address}:{PORT}, the address of {database.pod.name}"
        raise OutsideError(text, hint=_logs(database))
    return ran.code == 0


def _local(database: Database, statement: SecretValue) -> Ran:
    words = (*_LOCAL, "-v", f"role={database.role}", "-U", database.admin, "-d", database.name)
    ran = run_in_pod(database.cluster, database.pod, database.container, words, statement, deadline=_DEADLINE)
    if ran.code != 0:
        what = f"psql in {database.pod.name}, container {database.container}, ended with {ran.code}"
        raise OutsideError(what, cause=_said(ran), hint=_logs(database))
    return ran


def _said(ran: Ran) -> str:
    """Return psql's first line where it cannot repeat a statement: errors of a statement quote it further down."""
    lines = [line.strip() for line in ran.err.reveal().splitlines() if line.strip()]
    return lines[0][:200] if lines and "SCRAM" not in lines[0] else ""


def _psql(database: Database) -> str:
    pod = database.pod
    where = f"kubectl{database.cluster.option} exec -n {pod.namespace} {pod.name} -c {database.container}"
    return f"{where} -- psql -U {database.admin} -d {database.name}"


def _logs(database: Database) -> str:
    pod = database.pod
    return f"kubectl{database.cluster.option} logs -n {pod.namespace} {pod.name} -c {database.container}"
