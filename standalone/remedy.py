"""What to do about an error that a look at the database or the broker ended with."""

from __future__ import annotations

#: Words of an error, lower case → what to do; the first that fits, in order.
_DATABASE = (
    ("password authentication failed", "correct NONGVU_DATABASE_URL; 'nongvu store user' makes a new password"),
    ("does not exist", "correct NONGVU_DATABASE_URL, or create what is missing and run 'nongvu store migrate'"),
    ("could not access file", "the server's TimescaleDB is newer: run 'nongvu store migrate' as the owner"),
    ("starting up", "it is recovering after a crash: wait, and look again"),
    ("too many clients", "stop what holds connections, or raise max_connections"),
    ("connection slots", "stop what holds connections, or raise max_connections"),
    ("no space left", "the database's disk is full: make room; gateways keep their readings meanwhile"),
    ("disk full", "the database's disk is full: make room; gateways keep their readings meanwhile"),
    ("permission denied", "look as the owner: the user in NONGVU_DATABASE_URL is a process's, with the least rights"),
    ("could not translate host name", "correct the host in NONGVU_DATABASE_URL"),
    ("", "start the database, or correct host and port in NONGVU_DATABASE_URL"),
)  # fmt: skip
_BROKER = (
    ("has expired", "make a new certificate for the broker: docs/operating.md, 'Rotating'"),
    ("hostname mismatch", "use the name in the broker's certificate in NONGVU_MQTT_URL, or make one for this name"),
    ("ip address mismatch", "use the name in the broker's certificate in NONGVU_MQTT_URL, or make one for this IP"),
    ("certificate verify failed", "NONGVU_MQTT_AUTHORITY must be the authority that signed the broker's certificate"),
    ("not authorized", "the password in NONGVU_MQTT_PASSWORDS is not the broker's: make the broker's users anew"),
    ("bad user name", "the password in NONGVU_MQTT_PASSWORDS is not the broker's: make the broker's users anew"),
    ("name or service not known", "correct the host in NONGVU_MQTT_URL"),
    ("write the broker's url", "correct NONGVU_MQTT_URL"),
    ("", "start the broker, or correct host and port in NONGVU_MQTT_URL; a certificate wants mqtts://"),
)  # fmt: skip


def remedy(subject: str, error: Exception) -> str:
    """What to do about it."""
    said = str(error).lower()
    return next(does for words, does in (_DATABASE if subject == "database" else _BROKER) if words in said)
