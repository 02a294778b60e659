"""How many requests a minute, per key or address, and a day, per key, with the standard's header fields."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from api.protocol.problems import Problem
from store import access
from store.pool import Connection

#: Buckets kept; the ones longest unused are forgotten, so that many addresses cost bounded memory.
MOST = 50_000


@dataclass(slots=True)
class Bucket:
    """What is left of a minute's requests; refills evenly."""

    left: float
    at: float


class Limiter:
    """Token buckets by name; of this process only (several API processes each count their own)."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def check(self, name: str, per_minute: int) -> None:
        """A 429 where nothing is left; takes nothing, and keeps no bucket of a name that never took."""
        if name in self._buckets:
            self.take(name, per_minute)
            self._buckets[name].left += 1

    def take(self, name: str, per_minute: int) -> dict[str, str]:
        """Take one request; the header fields to answer with, or a 429."""
        now = time.monotonic()
        bucket = self._buckets.pop(name, None) or Bucket(per_minute, now)
        bucket.left = min(per_minute, bucket.left + (now - bucket.at) * per_minute / 60)
        bucket.at = now
        self._buckets[name] = bucket
        if len(self._buckets) > MOST:
            self._buckets.popitem(last=False)
        headers = self._headers(bucket, per_minute)
        if bucket.left < 1:
            wait = max(1, round((1 - bucket.left) * 60 / per_minute))
            detail = f"more than {per_minute} requests a minute: wait {wait} s"
            raise Problem(429, detail, headers=headers | {"Retry-After": str(wait)})
        bucket.left -= 1
        return headers

    def _headers(self, bucket: Bucket, per_minute: int) -> dict[str, str]:
        """Fields of the IETF draft "RateLimit header fields for HTTP"."""
        left = max(0, int(bucket.left) - 1)
        seconds = round((per_minute - bucket.left) * 60 / per_minute)
        return {
            "RateLimit-Policy": f'"minute";q={per_minute};w=60',
            "RateLimit": f'"minute";r={left};t={max(0, seconds)}',
        }


#: What was counted is told to the tables after so long [s]; as much may be lost in a crash or overdrawn elsewhere.
SETTLED_EVERY = 10.0


@dataclass(slots=True)
class Spent:
    """What a key has asked today."""

    #: In the tables, by every process.
    told: int = 0
    #: By this process, not yet there.
    untold: int = 0
    settled: float = float("-inf")
    #: When the day ends, on the monotonic clock.
    ends: float = 0.0


class Quotas:
    """Requests a day by key, counted in the tables over every process."""

    def __init__(self) -> None:
        self._spent: dict[str, Spent] = {}

    async def settle(self, connection: Connection, prefix: str) -> None:
        """Tell the tables what was counted here, and hear what was counted everywhere."""
        spent, now = self._spent.setdefault(prefix, Spent()), time.monotonic()
        if now - spent.settled < SETTLED_EVERY and now < spent.ends:
            return
        telling, spent.untold, spent.settled = spent.untold, 0, now
        row = await access.found(connection, "use_key", prefix=prefix, requests=telling)
        if row:
            spent.told, spent.ends = row["requests"], now + row["left"]

    def take(self, prefix: str, per_day: int) -> dict[str, str]:
        """Take one request; the header fields to answer with, or a 429."""
        spent = self._spent.setdefault(prefix, Spent())
        left, seconds = per_day - spent.told - spent.untold, max(1, round(spent.ends - time.monotonic()))
        headers = {
            "RateLimit-Policy": f'"day";q={per_day};w=86400',
            "RateLimit": f'"day";r={max(0, left - 1)};t={seconds}',
        }
        if left < 1:
            detail = f"more than {per_day} requests a day: the next day (UTC) begins in {seconds} s"
            raise Problem(429, detail, headers=headers | {"Retry-After": str(seconds)})
        spent.untold += 1
        return headers


def together(*limits: dict[str, str]) -> dict[str, str]:
    """Header fields of several limits as one set."""
    names = dict.fromkeys(name for fields in limits for name in fields)
    return {name: ", ".join(fields[name] for fields in limits if name in fields) for name in names}
