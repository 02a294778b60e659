#!/bin/sh
# Gives the dynamic-security plugin its first file; afterwards it keeps and changes its own.
set -eu
umask 077
[ -s /mosquitto/data/dynamic-security.json ] || cp /run/secrets/dynamic_security /mosquitto/data/dynamic-security.json
exec /usr/sbin/mosquitto -c /mosquitto/config/mosquitto.conf
