"""The figures in docs/performance.md, README.md and docs/operating.md, written from results.json: what is said is what was measured."""

import json
import re
from pathlib import Path

from benchmarks import judge

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- figures: written by python -m benchmarks.report -->", "<!-- end of figures -->"
#: What a row of the results means to a reader, in the order of the table; others follow under their own names.
SAID = {
    "edge_poll": "the gateway, 1,000 readings/s: processor",
    "edge_poll_memory": "… and memory",
    "edge_at_rest": "a gateway that reads two sensors by Modbus: memory",
    "edge_at_rest lorawan": "… and a silent LoRaWAN node by a local broker",
    "edge_at_rest codec": "… whose messages are decoded by its maker's payload model",
    "edge_dead_unit": "a dead sensor on a line of ten slows the others by",
    "edge_week_live_p99": "live readings while a week's backlog drains, 99th percentile",
    "ingest_end_to_end": "ingest, packs of 500, from the broker to committed, marked and receipted",
    "ingest_end_to_end cpu": "… processor",
    "ingest_end_to_end Node-RED, an INSERT a pack": "… beside Node-RED, an INSERT a pack",
    "ingest_end_to_end Node-RED": "… beside Node-RED, an INSERT a reading",
    "ingest_end_to_end collectd": "… beside collectd",
    "ingest_live": "ingest, packs of 12",
    "ingest_live cpu": "… processor",
    "ingest_live Node-RED, an INSERT a pack": "… beside Node-RED, an INSERT a pack",
    "ingest_live Node-RED": "… beside Node-RED, an INSERT a reading",
    "ingest_live collectd": "… beside collectd",
    "two_ingest_workers 12": "two ingest workers with half of the gateways each, packs of 12: processor, database included",
    "two_ingest_workers 500": "… packs of 500",
    "ingest_soak memory": "memory of ingest over ten minutes",
    "live_capacity 10 min": "one analytics process, warm, readings every 10 minutes: places a second without a queue",
    "live_capacity 10 min cpu": "… processor, Python and database",
    "live_capacity 10 min latency": "… reading to its indices, 99th percentile",
    "live_capacity 10 min memory": "… memory a station",
    "live_capacity 1 min": "the same, readings every minute",
    "live_capacity 1 min cpu": "… processor, Python and database",
    "live_capacity 1 min latency": "… reading to its indices, 99th percentile",
    "live_capacity 1 min memory": "… memory a station",
    "two_workers 10-min cpu": "two analytics processes, readings every 10 minutes: processor",
    "two_workers 10-min p99": "… reading to its indices, 99th percentile",
    "two_workers 1-min cpu": "two analytics processes, readings every minute: processor",
    "two_workers 1-min p99": "… reading to its indices, 99th percentile",
    "two_notify cpu": "two notify processes, storms of 800 messages: processor",
    "two_notify p50": "… a step to its last message, median",
    "two_notify p99": "… 99th percentile",
    "restart_to_first_alert": "from the start of analytics to the first alert, 1,000 stations",
    "season_recomputed": "a place's season computed anew while its gateway brings a week",
    "live_beside_backlog": "live readings while 200 gateways empty a week, 99th percentile",
    "live_beside_backlog drain": "… and the backlog taken meanwhile",
    "area_beside_live": "a reading's results while the province is compared, 99th percentile",
    "alert_latency": "a crossing reading to the message at the SMS route",
    "alert_latency week": "… at stations with history while a gateway brings a week",
    "drain_deliveries smpp": "20,000 messages over SMPP",
    "read_panel": "5 years × 100 stations by day",
    "read_ten_years panel": "… beside ten years of readings",
    "read_panels": "every panel of every board, 100 stations",
    "province_map": "the map of 1,000 stations",
    "read_latest": "newest of 10,000 datastreams",
    "read_ten_years latest": "… beside ten years of readings",
    "read_year": "a year of one datastream as a picture",
    "read_ten_years": "… beside ten years of readings",
    "read_year raw": "a year of one datastream as raw readings",
    "read_ten_years raw": "… beside ten years of readings",
    "import_history": "import of half a year of six stations' logger files",
    "import_history rate": "… a second",
    "backfill 1 process": "ten full days of 80 places computed by one process",
    "backfill 2 processes": "… by two",
    "backfill Dask 1": "… by a Dask cluster of one worker",
    "backfill Dask 2": "… of two",
    "et0_daily": "reference evapotranspiration",
    "fwi": "fire weather",
    "spi": "drought index SPI",
    "quality": "quality checks",
    "place_days growth": "place-days from 1,000 to 10,000 places",
    "place_days end to end": "place-days from the tables and back",
    "bytes_all_in Apache": "a 10-minute reading on disk with all that is made of it (TimescaleDB's Apache edition)",
    "bytes_all_in Community": "… compressed (Community edition)",
    "bytes_per_reading": "… the table of readings alone, keys included (Apache edition)",
    "bytes_per_reading Community": "… compressed (Community edition)",
    "wal_per_mark": "write-ahead log of a round of 12 readings and what is made of them",
}  # fmt: skip
#: The few that a reader of README.md wants first.
FIRST = {
    "edge_poll": "A gateway that reads 1,000 values a second takes",
    "ingest_end_to_end cpu": "Ingest of a million readings, from the broker to committed, marked and receipted, takes",
    "live_beside_backlog": "Live readings are receipted while 200 gateways empty a week of buffer within",
    "alert_latency": "A crossing reading is a message in the SMS route's hands after",
    "read_panels": "Every panel of every board of 100 stations opens within",
}
#: What sizes a server.
SIZING = ("ingest_end_to_end", "ingest_end_to_end cpu", "ingest_live", "ingest_live cpu", "ingest_soak memory",
          "live_beside_backlog", "live_beside_backlog drain", "season_recomputed", "live_capacity 10 min",
          "live_capacity 10 min cpu", "live_capacity 10 min memory", "live_capacity 1 min", "live_capacity 1 min cpu",
          "live_capacity 1 min memory", "restart_to_first_alert", "read_year", "read_year raw", "read_latest",
          "import_history", "import_history rate", "backfill 1 process", "backfill 2 processes", "backfill Dask 1",
          "backfill Dask 2", "bytes_all_in Apache", "bytes_all_in Community")  # fmt: skip
#: Where figures stand, and which: all of them where none is named.
PLACES = {"docs/performance.md": None, "README.md": FIRST, "docs/operating.md": SIZING}
#: Measured against themselves: the ratio says nothing more.
ALONE = {"edge_dead_unit", "edge_week_live_p99", "alert_latency", "alert_latency week", "place_days growth"}


def _number(value) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _unit(row) -> str:
    return re.split(r", | of \d| \(|;", row.get("unit") or "")[0]


def _figure(row) -> str:
    return "" if row.get("value") is None else f"{_number(row['value'])} {_unit(row)}"


def _beside(row) -> str:
    """Ratio and peer, where the ratio says something more than the figure."""
    peer = (row.get("peer") or "").partition(" (")[0]
    told = isinstance(row.get("ratio"), int | float) and peer and row["name"] not in ALONE
    return f"{row['ratio']:.3g} × {peer}" if told else ""


def _bar(row) -> str:
    bar = row.get("bar")
    if isinstance(bar, int | float):
        return f"≥ {bar}" if _beside(row) else f"≤ {bar}"
    return "" if bar is None else str(bar)


def _state(row) -> str:
    said = judge.state(row)
    if said == "not measured":
        return f"**not measured**: {row['not_measured']}".replace("|", "\\|")
    if said == "slower":
        return f"**slower**: {row['slower']:.2f} × the CPU of before"
    return (f"**{said}**" if said == "missed" else said) + (" (loaded)" if row.get("loaded") else "")


def _when(row) -> str:
    """Date, commit, cores and load; an old row that does not say so has none."""
    if not row.get("date"):
        return "not noted"
    date = row["date"].split(" ")[0]
    return f"{date}, `{row.get('commit') or 'no commit'}`, {row['cores']} cores, load {row['load']:g}"


def table(results, chosen=None) -> str:
    """Rows of the results, in the order of `SAID`; only the chosen ones where some are chosen."""
    found = {row["name"]: row for row in results}
    order = chosen or [*SAID, *sorted(set(found) - set(SAID))]
    rows = [
        f"| {SAID.get(name, f'`{name}`')} | {_figure(row)} | {_beside(row)} | {_bar(row)} | {_state(row)} | {_when(row)} |"
        for name in order
        if (row := found.get(name))
    ]
    head = ["| what | measured | against | bar | | when |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *[re.sub(" +", " ", row) for row in rows]])


def short(results) -> str:
    """The few figures of README.md."""
    found = {row["name"]: row for row in results}
    lines = []
    for name, words in FIRST.items():
        if row := found.get(name):
            bar = f" (bar {_bar(row)})" if row.get("bar") is not None else ""
            lines.append(f"- {words} {_figure(row)}{bar} {_state(row)}".rstrip())
    return "\n".join(lines)


def text(results, place) -> str:
    """What stands between the marks of a page."""
    return short(results) if place == "README.md" else table(results, PLACES[place])


def write(results, root=ROOT):
    """Put the figures into their places."""
    for place in PLACES:
        path = root / place
        before, begin, rest = path.read_text("utf-8").partition(BEGIN)
        if not begin:
            raise ValueError(f"{place} has no line {BEGIN}")
        path.write_text(f"{before}{BEGIN}\n\n{text(results, place)}\n\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    write(json.loads((Path(__file__).parent / "results.json").read_text("utf-8")))
