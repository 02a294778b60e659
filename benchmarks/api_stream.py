"""api_stream: delay of server-sent events, from the commit of a new value to each of 500 listeners.

Data: 1,000 stations; 30 commits half a second apart, each with new values of 20 datastreams; every listener hears all.
Listeners and database share the machine. Bar: the slowest in 100 < 1 s.
"""

import asyncio
import time

import httpx
import psycopg

from benchmarks import api_stage

LISTENERS, COMMITS, EACH = 500, 30, 20
NEW = """
WITH made AS (INSERT INTO batch (gateway, received_at) SELECT id, clock_timestamp() FROM gateway WHERE code = 'api'
              RETURNING id)
UPDATE latest SET result = %(number)s, batch_id = made.id FROM made WHERE datastream_id <= %(each)s
"""


async def listen(client, address, heard, ready):
    async with client.stream("GET", address + "/v1/stream") as answer:
        async for line in answer.aiter_lines():
            if line.startswith("event: hello"):
                ready.release()
            elif line.startswith("data: ") and '"value":' in line:
                heard.append((float(line.split('"value":')[1].split(",")[0]), time.monotonic()))


async def measure(url, address):
    heard, ready = [], asyncio.Semaphore(0)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=None, limits=limits) as client:
        tasks = [asyncio.create_task(listen(client, address, heard, ready)) for _ in range(LISTENERS)]
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
