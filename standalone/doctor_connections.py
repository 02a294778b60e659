"""What the doctor asks over the net: the broker, its certificate, the API."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
from pydantic import Field

from standalone.finding import Finding
from telemetry.broker import address
from telemetry.settings import Settings

#: A certificate that ends within so many days is worth a word.
ENDING = 30
#: Whose password is tried at the broker: of the last that is here. A broker that takes a user's name for its client's
#: drops the API for a moment where only the API's is.
USERS = ("api-0", "administrator", "doctor")


class Named(Settings):
    """What to look at, as the processes are told it: by the environment, or by files of secrets."""

    database_url: str | None = None
    mqtt_url: str | None = None
    mqtt_authority: Path | None = None
    mqtt_certificate: Path | None = None
    mqtt_key: Path | None = None
    api_port: int | None = Field(None, ge=1, le=65535)
    #: Of the API where it runs elsewhere, as in compose: http://api:8000.
    api_url: str | None = None


def broker(named: Named) -> Iterator[Finding]:
    """Whether the broker answers, lets us in, and how long its certificate is good."""
    url = named.mqtt_url or ""
    to = address(url, authority=named.mqtt_authority, certificate=named.mqtt_certificate, key=named.mqtt_key)
    with socket.create_connection((to["hostname"], to["port"]), timeout=5) as line:
        if context := to.get("tls_context"):
            with context.wrap_socket(line, server_hostname=to["hostname"]) as secured:
                yield from _certificate(secured.getpeercert()["notAfter"])
    folder = os.environ.get("NONGVU_MQTT_PASSWORDS")
    users = [user for user in USERS if folder and (Path(folder) / user).is_file()]
    for user in users[-1:]:
        asyncio.run(_connect(to | address(url, user, authority=named.mqtt_authority)))
    yield Finding("fine", "broker", f"answers at {to['hostname']}:{to['port']}")


def _certificate(ends: str) -> Iterator[Finding]:
    days = (ssl.cert_time_to_seconds(ends) - datetime.now(UTC).timestamp()) / 86400
    if days < ENDING:
        yield Finding("wrong", "certificate", f"the broker's ends in {days:.0f} days, on {ends}",
                      "make a new one before gateways are locked out: docs/operating.md, 'Rotating'")  # fmt: skip
    else:
        yield Finding("fine", "certificate", f"the broker's is good for {days:.0f} days")


async def _connect(to: dict[str, Any]) -> None:
    async with aiomqtt.Client(**to, identifier=f"doctor-{os.getpid()}", timeout=5):
        pass


def api(base: str) -> Iterator[Finding]:
    """Whether the API at this address is ready, what it lacks, and whether it knows its readers apart."""
    address_of_health = f"{base}/healthz"
    try:
        with urllib.request.urlopen(address_of_health, timeout=5) as answer:  # noqa: S310 — http, by the settings
            said = answer.read(2000).decode()
        yield Finding("fine", "api", f"{address_of_health}: {said}")
        yield from _proxy(said)
    except urllib.error.HTTPError as error:  # it answers, and says what it lacks
        yield Finding("wrong", "api", f"{address_of_health}: {error.read(500).decode()}", "what it lacks stands above")
    except (urllib.error.URLError, OSError) as error:
        yield Finding("wrong", "api", f"{address_of_health}: {error}", "is 'nongvu api run' running? see its log")


def _proxy(said: str) -> Iterator[Finding]:
    """Whether it is told of a proxy that it does not believe: all readers behind it are one, and share its limits."""
    try:
        proxy = json.loads(said).get("proxy", "")
    except (ValueError, AttributeError):
        return
    if str(proxy).startswith("not believed"):
        says = "readers come through a proxy that the API does not know, and are all one to its limits"
        remedy = "name it in NONGVU_TRUSTED_PROXIES: docs/operating.md, 'The reverse proxy'; its log has the address"
        yield Finding("wrong", "proxy", says, remedy)
