#!/bin/sh
# A read replica: copies the primary once, then follows it by streaming. A copy that broke off begins anew; its slot stays.
# The primary keeps 20 GB for a replica that is away (max_slot_wal_keep_size); after more it has to be copied again.
set -eu
if [ ! -e "$PGDATA/copied" ]; then
  PGPASSWORD=$(cat "${SECRETS:-/run/secrets}/database_replication_password")
  export PGPASSWORD
  find "$PGDATA" -mindepth 1 -delete
  # says so if it is there already, from a copy that broke off
  psql "host=$PRIMARY user=nongvu_replication dbname=nongvu replication=true" --no-psqlrc --quiet \
    -c 'CREATE_REPLICATION_SLOT replica_1 PHYSICAL RESERVE_WAL' || true
  pg_basebackup --host "$PRIMARY" --username nongvu_replication --pgdata "$PGDATA" \
    --write-recovery-conf --wal-method stream --checkpoint fast --slot replica_1 --progress
  chmod 0700 "$PGDATA"
  touch "$PGDATA/copied"
fi
exec ${POSTGRES:-postgres} -c shared_preload_libraries=timescaledb -c timescaledb.telemetry_level=off -c hot_standby=on
