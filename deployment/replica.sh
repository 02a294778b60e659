#!/bin/sh
# A read replica: copies the primary once, then follows it by streaming.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  PGPASSWORD=$(cat /run/secrets/database_replication_password)
  export PGPASSWORD
  pg_basebackup --host "$PRIMARY" --username nongvu_replication --pgdata "$PGDATA" \
    --write-recovery-conf --wal-method stream --create-slot --slot replica_1 --progress
  chmod 0700 "$PGDATA"
fi
exec postgres -c shared_preload_libraries=timescaledb -c timescaledb.telemetry_level=off -c hot_standby=on
