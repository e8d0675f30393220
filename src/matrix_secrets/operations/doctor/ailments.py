"""What a program of the stack may ail from, as its log tells: the kinds of findings that `symptoms` leads to."""

from __future__ import annotations

from typing import Final

from matrix_secrets.checks.kind import error

PASSWORD: Final = error(
    "synapse-password-refused",
    "Synapse does not start: PostgreSQL refuses its password (the guide's “database connection refused”).",
    "Restart Synapse, so that it reads today's value; where the database has an older one, that link is broken.",
)
SERVER_NAME: Final = error(
    "synapse-server-name-changed",
    "Synapse does not start: its database has users of another server_name, which can never change.",
    "Put the old server_name back.",
)
COLLATION: Final = error(
    "synapse-database-collation",
    "Synapse does not start: its database was not made with `--locale=C`.",
    "Make the database anew with POSTGRES_INITDB_ARGS, which the guide's manifest has; it loses what is in it.",
)
YAML: Final = error(
    "synapse-yaml-error",
    "Synapse does not start: its homeserver.yaml is no YAML (the guide's “invalid configuration”).",
    "Correct the line that the finding names, push, and let Flux restart it.",
)
CONFIG: Final = error(
    "synapse-config-error",
    "Synapse does not start: it does not accept an option of its homeserver.yaml.",
    "Correct the option that the finding names.",
)
FILE: Final = error(
    "synapse-file-missing",
    "Synapse does not start: a file that its configuration names is not mounted.",
    "Mount it where the finding says, or correct the path.",
)
PERMISSION: Final = error(
    "synapse-file-unreadable",
    "Synapse does not start: it may not read or write a file, or make one that is missing; it runs as user 991.",
    "Mount the file; let user 991 write the volume of /data, and read what is mounted from Secrets (mode 0644).",
)
HOST: Final = error(
    "synapse-database-host",
    "Synapse does not find its database: the host in database.args does not exist.",
    "Make it the name of PostgreSQL's Service.",
)
NO_DATABASE: Final = error(
    "synapse-database-missing",
    "Synapse does not start: PostgreSQL has no database of the name in database.args.",
    "Create it, or make database.args.database the one that POSTGRES_DB names.",
)
UNREACHABLE: Final = error(
    "synapse-database-unreachable",
    "Synapse does not reach its database.",
    "Mend PostgreSQL; where it runs, make host and port in database.args those of its Service.",
)
NO_PASSWORD: Final = error(
    "postgres-password-missing",
    "PostgreSQL does not start: it has no POSTGRES_PASSWORD to make its database with.",
    "`matrix-secrets generate POSTGRES_PASSWORD`, and give the Secret to its pod by `envFrom`.",
)
VERSION: Final = error(
    "postgres-version",
    "PostgreSQL does not start: its data directory was made by another major version.",
    "Put the old version's image back, dump the database, and load it into one of the new version.",
)
LOCKED: Final = error(
    "postgres-locked",
    "PostgreSQL does not start: another one runs on the same data directory.",
    "`strategy: {type: Recreate}`, so that never two of them run.",
)
DATA: Final = error(
    "postgres-data-directory",
    "PostgreSQL does not start: it cannot use its data directory (rights, owner, or foreign files in it).",
    "Give it an empty directory below the mount: PGDATA=/var/lib/postgresql/data/pgdata.",
)
SPACE: Final = error(
    "volume-full",
    "A program does not start: there is no space left on its volume.",
    "Make the volume or the node's disk larger.",
)
NGINX: Final = error(
    "element-server-error",
    "Element's web server does not start.",
    "Look at its log: `kubectl logs`.",
)

KINDS_OF_SYNAPSE: Final = (
    PASSWORD,
    SERVER_NAME,
    COLLATION,
    YAML,
    CONFIG,
    FILE,
    PERMISSION,
    HOST,
    NO_DATABASE,
    UNREACHABLE,
    SPACE,
)
KINDS_OF_POSTGRES: Final = (NO_PASSWORD, VERSION, LOCKED, DATA)
KINDS_OF_ELEMENT: Final = (NGINX,)
