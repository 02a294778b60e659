"""Health: whether this process and what it stands on work, truly asked; and its metrics."""

from __future__ import annotations

import asyncio
import time
from typing import Literal

import msgspec
import psycopg
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, Field

from api.resources import Here, Resources

router = APIRouter(tags=["health"])
REQUESTS = Counter("nongvu_api_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("nongvu_api_request_seconds", "Time until an answer began", ["route"])


class Health(BaseModel):
    """What was asked and what it answered."""

    status: Literal["well", "ill"]
    database: str = Field(examples=["well"])
    clock: str = Field(examples=["2026-01-31T00:00:00Z"], description="event time")


async def _database(here: Resources) -> str:
    try:
        async with asyncio.timeout(3), here.pool.connection(timeout=2) as connection:
            await connection.execute("SELECT name FROM migration LIMIT 1")
    except (psycopg.Error, PoolTimeout, TimeoutError) as error:
        return type(error).__name__
    return "well"


@router.get("/healthz", response_model=None, responses={200: {"model": Health}, 503: {"model": Health}})
async def health(here: Here) -> Response:
    """200 if this process can do its work, else 503."""
    database = await _database(here)
    try:
        clock = here.clock.now().isoformat()
    except RuntimeError:
        clock = "the replay has not begun"
    document = {"status": "well" if database == "well" else "ill", "database": database, "clock": clock}
    return Response(msgspec.json.encode(document), 200 if database == "well" else 503, media_type="application/json")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics() -> Response:
    """Counters for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def count(method: str, route: str, status: int, began: float) -> None:
    """Count a request."""
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(route).observe(time.monotonic() - began)
