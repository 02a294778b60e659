"""What programs ask of the API, through HTTP, from another process, one after the other.

Data: 1,000 stations × 10 quantities with an hour of 5-minute readings and a year's 36 verdicts each, one in a hundred with
a verdict over its newest value; one station with the year 2025 of all ten (1,051,200 readings). Bars: newest value of 10,000 datastreams < 150 ms (p95 of 20); a year of one station as Parquet
< 1 s (one quantity; all ten are shown beside it) and as CSV with less than 150 MB resident; SensorThings, 1,000 Things
with their Datastreams and each one's newest Observation < 1 s.
"""

import time

import httpx

from benchmarks import api_stage

EXPAND = (
    "/sta/v1.1/Things?$top=1000&$expand=Datastreams($top=100;$expand=Observations($top=1;$orderby=phenomenonTime desc))"
)
YEAR = "/v1/readings?station=s-1&from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z&format="


def row(name, value, unit, bar, met):
    return {"name": f"api_read {name}", "value": round(value, 1), "unit": unit, "bar": bar, "met": met}


def resident(process):
    """Resident memory [MB]."""
    return process.memory_info().rss / 1e6


def csv(client, process):
    """Seconds, bytes, and the highest resident memory [MB] while the year comes as CSV."""
    highest, size, start = 0.0, 0, time.perf_counter()
    with client.stream("GET", YEAR + "csv") as answer:
        for part in answer.iter_raw():
            size += len(part)
            highest = max(highest, resident(process))
    return time.perf_counter() - start, size, highest


def exports(client, process):
    """A year of a station: first as CSV, then as Parquet, whose library stays in memory once it was needed."""
    taken, size, highest = csv(client, process)
    unit = f"ms ({size / 1e6:.0f} MB)"
    rows = [
        row("year of ten quantities as CSV", taken * 1000, unit, None, None),
        row("memory while CSV streams", highest, "MB resident", "< 150", highest < 150),
    ]
    one = client.get("/v1/datastreams?place=s-1").json()["items"][0]["quantity"]
    value = api_stage.p95(api_stage.timed(client, f"{YEAR}parquet&datastream={one}", 5)[0])
    rows.append(row("year of a quantity as Parquet", value, "ms", "< 1000", value < 1000))
    seconds, _ = api_stage.timed(client, YEAR + "parquet", 3)
    rows.append(row("year of ten quantities as Parquet", api_stage.p95(seconds), "ms", None, None))
    highest = csv(client, process)[2]
    return [*rows, row("memory while CSV streams, pyarrow loaded", highest, "MB resident", None, None)]


def run():
    with api_stage.province(year=True) as (_, address, process), httpx.Client(base_url=address, timeout=120) as client:
        rows = exports(client, process)
        seconds, answer = api_stage.timed(client, "/v1/latest?limit=10000")
        assert len(answer.json()["items"]) == 10_000
        value = api_stage.p95(seconds)
        rows.append(row("latest of 10,000 datastreams", value, "ms p95", "< 150", value < 150))
        seconds, answer = api_stage.timed(client, EXPAND, 5)
        things = answer.json()["value"]
        assert len(things) == 1000
        assert len(things[0]["Datastreams"]) == 10
        value = api_stage.p95(seconds)
        rows.append(row("SensorThings, 1,000 Things expanded", value, "ms", "< 1000", value < 1000))
    return rows
