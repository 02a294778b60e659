"""The API while ten strangers at once ask what no index serves.

Data: 8.3 million readings of 40 datastreams (a reading a minute for 144 days), 1,000 stations. Ten clients without a key ask
each heavy SensorThings question of `HEAVY` at the same moment; beside them `/v1/stations?limit=10` and `/healthz` are asked
every tenth of a second until the last of the ten has its answer. Values: the worst wait of the light questions [s], and how
many of the ten were told that their question is too heavy.
"""

import concurrent.futures
import time

import httpx
import psycopg

from benchmarks import api_stage, stage
from benchmarks.bytes_per_reading import fill

CLIENTS = 10
HEAVY = {
    "sorted by result": "/sta/v1.1/Observations?$orderby=result%20desc&$top=10",
    "counted": "/sta/v1.1/Observations?$count=true&$top=1",
    "filtered by result": "/sta/v1.1/Observations?$filter=result%20gt%201000&$top=10",
    "skipped": "/sta/v1.1/Observations?$skip=5000000&$top=1",
}
LIGHT = ("/v1/stations?limit=10", "/healthz")


def ask(address, path, timeout=60):
    """Status and seconds of one question."""
    began = time.perf_counter()
    answer = httpx.get(address + path, timeout=timeout)
    return answer.status_code, time.perf_counter() - began


def beside(address, path):
    """Answers to the ten, and the worst wait of light questions meanwhile."""
    worst = 0.0
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as askers:
        asked = [askers.submit(ask, address, path) for _ in range(CLIENTS)]
        while not all(one.done() for one in asked):
            for light in LIGHT:
                status, seconds = ask(address, light)
                if status != 200:
                    raise RuntimeError(f"{light}: {status}")
                worst = max(worst, seconds)
            time.sleep(0.1)
        return [one.result() for one in asked], worst


def run():
    rows = []
    with stage.services() as (database, _):
        url = stage.fresh(database)
        api_stage.fill(url, year=False)
        fill(url, 40, 144)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE reading")
        with api_stage.serving(url) as (address, _):
            for name, path in HEAVY.items():
                answers, worst = beside(address, path)
                states = sorted({status for status, _ in answers})
                longest = max(seconds for _, seconds in answers)
                print(f"  {name}: {states}, the longest {longest:.1f} s; light questions {worst:.2f} s at worst")
                rows.append(
                    {"name": f"heavy_askers {name}", "value": worst, "unit": "s", "bar": "< 1", "met": worst < 1}
                )
    return rows
