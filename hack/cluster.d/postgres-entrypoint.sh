#!/bin/sh
# Speaks the official postgres image's POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB and PGDATA.
set -e
PATH=/usr/lib/postgresql/15/bin:$PATH
PGDATA=${PGDATA:-/var/lib/postgresql/data}
export PATH PGDATA
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    password=$(mktemp)
    printf %s "$POSTGRES_PASSWORD" > "$password"
    initdb -U "$user" --pwfile="$password" --auth-local=trust --auth-host=scram-sha-256 -E UTF8
    rm -f "$password"
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    pg_ctl -w -o "-c listen_addresses= -k /tmp" start
    [ "$database" = postgres ] || createdb -h /tmp -U "$user" "$database"
    pg_ctl -w stop
fi
exec postgres -c listen_addresses='*' -k /tmp "$@"
