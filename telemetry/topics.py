"""Where on the broker each kind of message is said."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from telemetry.reading import CODE

ROOT = "nongvu/v1"
CLOCK = f"{ROOT}/clock"
SHARDS = 256
#: The gateway that stands for readings posted through the API.
API_GATEWAY = "api"


class Kind(StrEnum):
    """What a topic of a gateway carries."""

    BIRTH = "birth"  # retained, from the gateway
    LIVE = "live"
    BACKLOG = "backlog"
    RECEIPT = "receipt"  # from the server
    STATUS = "status"  # retained, last will
    COMMAND = "command"  # from the server
    REPLY = "reply"
    CONFIG = "config"  # retained, from the server: desired
    CONFIGURED = "configured"  # retained, from the gateway: applied or refused


#: What a gateway may say, and what it may hear; everything else is denied to it.
SAID_BY_GATEWAY = (Kind.BIRTH, Kind.LIVE, Kind.BACKLOG, Kind.STATUS, Kind.REPLY, Kind.CONFIGURED)
HEARD_BY_GATEWAY = (Kind.RECEIPT, Kind.COMMAND, Kind.CONFIG)


@dataclass(frozen=True, slots=True)
class Topic:
    """A gateway's topic, taken apart."""

    gateway: str
    kind: Kind


@lru_cache(4096)
def shard(gateway: str) -> str:
    """First two hexadecimal digits of SHA-256 of the gateway's code: one ingest worker has all of a gateway."""
    return hashlib.sha256(gateway.encode()).hexdigest()[:2]


def topic(gateway: str, kind: Kind) -> str:
    """Topic of a gateway, e.g. ``nongvu/v1/5e/huu-lung-01/live``."""
    if not CODE.match(gateway):
        message = f"{gateway!r} is no gateway code: use a-z, 0-9 and '-', at most 63 characters"
        raise ValueError(message)
    return f"{ROOT}/{shard(gateway)}/{gateway}/{kind.value}"


@lru_cache(8192)
def parse(text: str) -> Topic:
    """Take a topic apart; `ValueError` if it is none of ours or its shard is not the gateway's."""
    parts = text.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != ROOT:
        message = f"{text!r} is not a topic of {ROOT}/<shard>/<gateway>/<kind>"
        raise ValueError(message)
    _, _, digits, gateway, kind = parts
    if not CODE.match(gateway) or digits != shard(gateway):
        message = f"{text!r}: the shard of gateway {gateway!r} is {shard(gateway)!r}"
        raise ValueError(message)
    return Topic(gateway, Kind(kind))


def shards_of(worker: int, workers: int) -> tuple[str, ...]:
    """Shards of ingest worker ``worker`` (0-based) of ``workers``."""
    if not 0 <= worker < workers <= SHARDS:
        message = f"worker {worker} of {workers}: give 0 ≤ worker < workers ≤ {SHARDS}"
        raise ValueError(message)
    return tuple(f"{number:02x}" for number in range(worker, SHARDS, workers))


def filters(worker: int, workers: int, *kinds: Kind) -> tuple[str, ...]:
    """Topic filters that ingest worker ``worker`` of ``workers`` subscribes to for the kinds given."""
    digits = ("+",) if workers == 1 else shards_of(worker, workers)
    return tuple(f"{ROOT}/{shard_digits}/+/{kind.value}" for shard_digits in digits for kind in kinds)


def other_filters(worker: int, workers: int, *kinds: Kind) -> tuple[str, ...]:
    """Topic filters of these kinds that worker ``worker`` has among any other number of workers, and not now."""
    every = {*filters(0, 1, *kinds), *(f for k in range(2) for f in filters(k, 2, *kinds))}
    return tuple(sorted(every - set(filters(worker, workers, *kinds))))
