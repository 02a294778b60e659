"""Tells when requests come through a reverse proxy that no setting names: the addresses it forwards are not believed.

All readers behind it have one address then, and share one limit of requests and of tries to sign in.
"""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import structlog

#: A proxy that was not heard of for so long [s] was put right.
FORGOTTEN = 3600.0
#: Proxies that are remembered: there is one, or a few.
MOST = 16

log = structlog.get_logger()


@dataclass(slots=True)
class Forwarded:
    """Neighbours that name other readers and are not believed, with when they last did [monotonic s]."""

    seen: dict[str, float] = field(default_factory=dict)

    def look(self, scope: MutableMapping[str, Any]) -> None:
        """Note a request that says for whom it is, where its own address was kept in spite of that.

        Only neighbours count (private and loopback addresses): anybody in the world may write such a field.
        """
        said = next((value for name, value in scope["headers"] if name == b"x-forwarded-for"), None)
        if said is None or not scope.get("client"):
            return
        host = str(scope["client"][0])
        if host.encode("ascii", "replace") in said or not _neighbour(host):
            return
        if host not in self.seen:
            if len(self.seen) >= MOST:
                return
            log.warning("a proxy is not believed: name it in NONGVU_TRUSTED_PROXIES", address=host)
        self.seen[host] = time.monotonic()

    def strange(self) -> bool:
        """Whether such a neighbour asked lately."""
        now = time.monotonic()
        return any(now - at < FORGOTTEN for at in self.seen.values())


def _neighbour(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


#: Of this process.
FORWARDED = Forwarded()
