"""Users, passwords and rights: each process may say and hear only what is its own."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from standalone.services import BrokerOptions
from standalone.services.folders import account
from telemetry.dynamic_security import gateway_rules, server_rules

#: Rounds of PBKDF2-HMAC-SHA512: mosquitto_passwd's own number.
ROUNDS = 101
#: User → role, as at a broker with the dynamic-security plugin; ``doctor`` only tries the door: a user's connection
#: ends where the same user connects again.
SERVER_USERS = {
    "ingest-0-live": "ingest", "ingest-0-backlog": "ingest", "api-0": "api", "analytics": "clock-reader",
    "notify": "clock-reader", "standalone": "standalone", "doctor": "nothing",
}  # fmt: skip
#: Kind of a rule of the plugin → word of the access file; who may hear may subscribe.
_WORDS = {"publishClientSend": "write", "publishClientReceive": "read"}


def hashed(password: str, salt: bytes) -> str:
    """Password as mosquitto's password file has it (type 7: PBKDF2-HMAC-SHA512)."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"$7${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def rights(gateways: Sequence[str]) -> list[str]:
    """Lines of mosquitto's access file: the rules of the dynamic-security plugin, which compose's broker has."""
    lines = []
    for user, rules in [(code, gateway_rules(code)) for code in gateways] + [
        (user, server_rules(role)) for user, role in SERVER_USERS.items()
    ]:
        lines.append(f"user {user}")
        lines += [f"topic {_WORDS[rule['acltype']]} {rule['topic']}" for rule in rules if rule["acltype"] in _WORDS]
    return lines


def passwords(folder: Path, users: Sequence[str]) -> dict[str, str]:
    """Passwords of users, one file each in `folder`, made where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for user in users:
        file = folder / user
        if not file.exists():
            _write(file, secrets.token_urlsafe(24))
    return {user: (folder / user).read_text().strip() for user in users}


def admit(data: Path, secret_folder: Path, gateways: Sequence[str]) -> None:
    """Write the broker's password and access files into its folder; a running broker must then be told to reload."""
    data.mkdir(parents=True, exist_ok=True)
    chosen = passwords(secret_folder, [*gateways, *SERVER_USERS])
    words = [f"{user}:{hashed(password, os.urandom(12))}" for user, password in chosen.items()]
    own = account()
    for name, lines in (("passwords", words), ("rights", rights(gateways))):
        new = data / f"{name}.new"
        new.unlink(missing_ok=True)
        _write(new, "\n".join(lines))
        if own.uid is not None and own.gid is not None:
            os.chown(new, own.uid, own.gid)
        new.replace(data / name)


def options(data: Path, listen: str) -> BrokerOptions:
    """How the broker reads the files that `admit` writes."""
    return BrokerOptions(password_file=data / "passwords", listen=listen, lines=(f"acl_file {data / 'rights'}",))


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
