"""PostgreSQL in its pod: does it accept a password? Asked through `psql` there, over an address that it checks.

The image's pg_hba.conf trusts its socket and 127.0.0.1: a log-in there proves nothing. From the pod's own address, as
from every other, it asks for the password (https://github.com/docker-library/postgres, docker-entrypoint.sh).
"""

from __future__ import annotations

import re
import secrets
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.podexec import run_in_pod
from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import LivePod

_DEADLINE: Final = 30.0  # seconds
# The password comes through stdin and stays in the environment of psql, in the container: never in an argument.
_SCRIPT: Final = (
    "IFS= read -r PGPASSWORD; export PGPASSWORD; PGCONNECT_TIMEOUT=10; export PGCONNECT_TIMEOUT; "
    'exec psql -X -q -w -A -t -h "$1" -p "$2" -U "$3" -d "$4" -c "select 1" </dev/null'
)
_REFUSED: Final = re.compile(r"password authentication failed|no password supplied|empty password")
_NO_DATABASE: Final = re.compile(r'database ".*" does not exist')
_NOT_LET_IN: Final = re.compile(r"no pg_hba\.conf entry")


class LogIn(StrEnum):
    """What became of an attempt to log in."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NO_DATABASE = "no-database"  # the password is right, the database is not there
    SHUT_OUT = "shut-out"  # pg_hba.conf lets nobody in from there
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Database:
    """Where and as whom to log in: a pod and its container, the port, the role, the database."""

    pod: LivePod
    container: str
    port: str
    user: str
    name: str


def log_in(cluster: Connection, database: Database, password: SecretValue) -> LogIn:
    """Try a password. Raises OutsideError where the cluster does not let us run psql in the pod."""
    words = [database.pod.address, database.port, database.user, database.name]
    command = ["sh", "-c", _SCRIPT, "sh", *words]
    line = SecretValue(f"{password.reveal()}\n")
    ran = run_in_pod(cluster, database.pod, database.container, command, line, deadline=_DEADLINE)
    said = ran.err.reveal()
    if ran.code == 0:
        return LogIn.ACCEPTED
    if _REFUSED.search(said):
        return LogIn.REFUSED
    if _NO_DATABASE.search(said):
        return LogIn.NO_DATABASE
    return LogIn.SHUT_OUT if _NOT_LET_IN.search(said) else LogIn.UNREACHABLE


def trusts_everybody(cluster: Connection, database: Database) -> bool:
    """Whether it accepts a password that nobody has: then no log-in proves anything. Raises as `log_in`."""
    return log_in(cluster, database, SecretValue(secrets.token_hex(16))) is LogIn.ACCEPTED
