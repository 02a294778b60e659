"""Limit: how many requests a minute, per key or address, with the standard's header fields."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from api.problems import Problem

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
