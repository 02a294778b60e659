"""Whether this process and what it stands on work, truly asked; and what it counts for Prometheus."""

from __future__ import annotations

import asyncio
import time
from typing import Literal

import msgspec
import psycopg
from fastapi import APIRouter, Request, Response
from prometheus_client import Counter, Histogram
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, Field

from api.access.caller import address_of
from api.access.dependencies import Here, Resources
from api.protocol.forwarded import FORWARDED
from store.migrate import not_run
from store.pool import room_for_locks

router = APIRouter(tags=["health"])
REQUESTS = Counter("nongvu_api_requests", "Requests answered", ["method", "route", "status"])
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = Histogram("nongvu_api_request_seconds", "Time until an answer began", ["route"])


class Health(BaseModel):
    """What was asked and what it answered."""

    status: Literal["well", "ill"]
    database: str = Field(examples=["well"], description="'well', or what is wrong: also migrations that have not run")
    broker: str = Field(examples=["well"], description="'well', 'away', or 'none' where no broker was named")
    clock: str = Field(examples=["2026-01-31T00:00:00Z"], description="event time")
    proxy: str = Field(
        examples=["well"],
        description="'well', or 'not believed': readers come through a proxy that NONGVU_TRUSTED_PROXIES does not name,"
        " and are one to every limit",
    )


async def _database(here: Resources) -> str:
    try:
        async with asyncio.timeout(3), here.pool.connection(timeout=2) as connection:
            missing = await not_run(connection)
            await room_for_locks(connection)
    except (psycopg.Error, PoolTimeout, TimeoutError) as error:
        return type(error).__name__
    return f"{len(missing)} migrations have not run" if missing else "well"


def _broker(here: Resources) -> str:
    if here.uplink is None:
        return "none"
    return "well" if here.uplink.connected else "away"


@router.get("/healthz", response_model=None, responses={200: {"model": Health}, 503: {"model": Health}})
async def health(request: Request, here: Here) -> Response:
    """200 if database, migrations and broker are there, so that this process can do its work; else 503."""
    here.limiter.take(f"health:{address_of(request)}", here.settings.per_minute)
    database, broker = await _database(here), _broker(here)
    well = database == "well" and broker != "away"
    try:
        clock = here.clock.now().isoformat()
    except RuntimeError:
        clock = "the replay has not begun"
    document = {"status": "well" if well else "ill", "database": database, "broker": broker, "clock": clock,
                "proxy": "not believed" if FORWARDED.strange() else "well"}  # fmt: skip
    return Response(msgspec.json.encode(document), 200 if well else 503, media_type="application/json")


def count(method: str, route: str, status: int, began: float) -> None:
    """Count a request; methods that nobody knows are one, or a client could make labels without end."""
    method = method if method in METHODS else "other"
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(route).observe(time.monotonic() - began)
