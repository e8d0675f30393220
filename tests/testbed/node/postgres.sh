#!/bin/sh
# What the official image's entry point does, for the testbed's pods: https://hub.docker.com/_/postgres
# An empty data directory is initialised with POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB and POSTGRES_INITDB_ARGS;
# one that is not empty is served as it is, whatever these say now.
set -eu

: "${PGDATA:=/var/lib/postgresql/data}" "${POSTGRES_USER:=postgres}" "${POSTGRES_HOST_AUTH_METHOD:=scram-sha-256}"
: "${POSTGRES_DB:=$POSTGRES_USER}" "${POSTGRES_INITDB_ARGS:=}"
sockets=/var/run/postgresql

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown -R "$TESTBED_USER:$TESTBED_GROUP" "$PGDATA"
    exec setpriv --reuid="$TESTBED_USER" --regid="$TESTBED_GROUP" --clear-groups --pdeathsig=KILL -- /bin/sh "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
        echo "Error: Database is uninitialized and superuser password is not specified." >&2
        exit 1
    fi
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    password=$(mktemp)
    printf '%s\n' "${POSTGRES_PASSWORD:-}" >"$password"
    eval 'initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile="$password" --no-sync '"$POSTGRES_INITDB_ARGS"
    rm "$password"
    # In the image 127.0.0.1 is trusted as well. Here every connection comes from there, so those lines go, and what
    # is not the socket is checked. A port-forward, which is loopback in a real pod, is led to the socket.
    {
        echo "local all all trust"
        echo "host all all all $POSTGRES_HOST_AUTH_METHOD"
    } >"$PGDATA/pg_hba.conf"
    PGPASSWORD= pg_ctl --pgdata="$PGDATA" -o "-c listen_addresses='' -k $sockets" --wait --silent start
    if [ "$POSTGRES_DB" != postgres ]; then
        psql -h "$sockets" -U "$POSTGRES_USER" -d postgres -v ON_ERROR_STOP=1 -v name="$POSTGRES_DB" --no-psqlrc --quiet <<'SQL'
CREATE DATABASE :"name";
SQL
    fi
    for script in /docker-entrypoint-initdb.d/*.sql; do
        [ -f "$script" ] || continue
        psql -h "$sockets" -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v ON_ERROR_STOP=1 --no-psqlrc -f "$script"
    done
    pg_ctl --pgdata="$PGDATA" --mode=fast --wait --silent stop
    echo "PostgreSQL init process complete; ready for start up."
else
    echo "PostgreSQL Database directory appears to contain a database; Skipping initialization"
fi
exec postgres -D "$PGDATA" -c listen_addresses="$TESTBED_POD_ADDRESS" -c unix_socket_directories="$sockets" -c fsync=off "$@"
