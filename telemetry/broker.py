"""Where the broker is, in one URL form for every process, and as which user each process comes."""

from __future__ import annotations

import os
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerAddressError(ValueError):
    """A broker URL that cannot be used; says what to write instead."""


def address(
    url: str,
    user: str | None = None,
    password: str | None = None,
    *,
    authority: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
) -> dict[str, Any]:
    """Keyword arguments for ``aiomqtt.Client`` of ``mqtt://host[:port]`` or ``mqtts://host[:port]``.

    The password is looked up, in this order: the argument, the file ``$NONGVU_MQTT_PASSWORDS/<user>``,
    ``NONGVU_MQTT_PASSWORD``; none means that the broker asks for none.
    """
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        message = "write the broker's URL as mqtt://host:1883 or mqtts://host:8883"
        raise BrokerAddressError(message)
    if parts.username and user is None:
        user, password = unquote(parts.username), unquote(parts.password or "") or password
    arguments: dict[str, Any] = {"hostname": parts.hostname, "port": parts.port or PORTS[parts.scheme]}
    # small packets (acknowledgements, receipts) must not wait 40 ms for each other: Nagle's algorithm off
    arguments["socket_options"] = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    if user:
        arguments |= {"username": user, "password": password or _password(user)}
    if parts.scheme == "mqtts":
        context = ssl.create_default_context(cafile=str(authority) if authority else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate:
            context.load_cert_chain(str(certificate), str(key) if key else None)
        arguments["tls_context"] = context
    return arguments


def _password(user: str) -> str | None:
    folder = os.environ.get("NONGVU_MQTT_PASSWORDS")
    if folder and (file := Path(folder) / user).is_file():
        return file.read_text().strip()
    return os.environ.get("NONGVU_MQTT_PASSWORD")
