"""Delay of server-sent events, from the commit of a new value to each of 500 listeners.

Data: 1,000 stations; 30 commits half a second apart, each with new values of 20 datastreams; every listener hears all.
Listeners and database share the machine. Bar: the slowest in 100 < 1 s.
"""

import asyncio
import re
import time

import httpx
import psycopg

from benchmarks import api_stage

LISTENERS, COMMITS, EACH = 500, 30, 20
VALUE = re.compile(rb'"value":([0-9.]+)')
#: Until all are greeted [s].
LONGEST = 60
NEW = """
WITH made AS (INSERT INTO batch (gateway, received_at) SELECT id, clock_timestamp() FROM gateway WHERE code = 'api'
              RETURNING id)
UPDATE latest SET result = %(number)s, batch_id = made.id FROM made WHERE datastream_id <= %(each)s
"""


async def listen(client, address, heard, ready):
    """Note when which value came; ``ready`` is released when the listener was greeted."""
    async with client.stream("GET", address + "/v1/stream") as answer:
        answer.raise_for_status()
        rest = b""
        async for part in answer.aiter_raw():
            at = time.monotonic()
            *events, rest = (rest + part).split(b"\n\n")
            for event in events:
                if b"event: hello" in event:
                    ready.release()
                elif found := VALUE.search(event):
                    heard.append((float(found[1]), at))


async def measure(url, address):
    heard, ready = [], asyncio.Semaphore(0)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=None, limits=limits) as client:
        tasks = [asyncio.create_task(listen(client, address, heard, ready)) for _ in range(LISTENERS)]
        async with asyncio.timeout(LONGEST):
            for _ in range(LISTENERS):
                await ready.acquire()
        committed = {}
        with psycopg.connect(url, autocommit=True) as connection:
            for number in range(1, COMMITS + 1):
                await asyncio.to_thread(connection.execute, NEW, {"number": number * 1000, "each": EACH})
                committed[float(number * 1000)] = time.monotonic()
                await asyncio.sleep(0.5)
        await asyncio.sleep(3)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return sorted(at - committed[value] for value, at in heard)


def run():
    with api_stage.province() as (url, address, _):
        delays = asyncio.run(measure(url, address))
    whole = LISTENERS * COMMITS * EACH
    p99 = delays[int(len(delays) * 0.99)]
    return [
        {"name": "api_stream delay to 500 listeners", "value": round(p99, 3), "unit": "s p99", "bar": "< 1",
         "met": p99 < 1 and len(delays) == whole},
        {"name": "api_stream events heard", "value": len(delays), "unit": f"of {whole}", "bar": "all",
         "met": len(delays) == whole},
    ]  # fmt: skip
