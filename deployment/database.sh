#!/bin/sh
# Lets a read replica follow: "all" in pg_hba.conf does not speak of replication. Run once, when the database is made.
set -eu
echo "host replication nongvu_replication all scram-sha-256" >> "$PGDATA/pg_hba.conf"
