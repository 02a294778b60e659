"""The table of figures in README.md, written from results.json: what is said there is what was measured."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- figures: written by python -m benchmarks -->", "<!-- end of figures -->"
#: What a row of the results means to a reader, in the order of the table.
SAID = {
    "edge_poll": "the gateway, 1,000 readings/s: processor",
    "edge_poll_memory": "… and memory",
    "edge_dead_unit": "a dead sensor on a line of ten slows the others by",
    "edge_week_live_p99": "live readings while a week's backlog drains, 99th percentile",
    "ingest_end_to_end": "ingest, from the broker to committed, marked and receipted",
    "ingest_end_to_end collectd": "… beside collectd",
    "ingest_end_to_end Node-RED": "… beside Node-RED",
    "ingest_live collectd": "ingest of packs of 12, beside collectd",
    "ingest_live Node-RED": "… beside Node-RED",
    "ingest_soak memory": "memory of ingest over ten minutes",
    "season_recomputed": "a place's season computed anew while its gateway brings a week",
    "live_beside_backlog": "live readings while 200 gateways empty a week, 99th percentile",
    "alert_latency": "a crossing reading to the message at the SMS route",
    "drain_deliveries smpp": "20,000 messages over SMPP",
    "read_panel": "5 years × 100 stations by day",
    "read_panels": "every panel of every board, 100 stations",
    "province_map": "the map of 1,000 stations",
    "read_latest": "newest of 10,000 datastreams",
    "read_year": "a year of one datastream as a picture",
    "read_year raw": "… as raw readings",
    "et0_daily": "reference evapotranspiration",
    "fwi": "fire weather",
    "spi": "drought index SPI",
    "quality": "quality checks",
    "place_days growth": "place-days from 1,000 to 10,000 places",
    "place_days end to end": "place-days from the tables and back",
    "bytes_per_reading": "a reading on disk, keys included (TimescaleDB's Apache edition)",
    "bytes_per_reading Community": "… compressed (Community edition)",
}
#: Measured against themselves: the ratio says nothing more.
ALONE = {"edge_dead_unit", "edge_week_live_p99", "alert_latency", "place_days growth"}


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _row(row) -> str:
    unit = re.split(r", | of \d| \(|;", row["unit"])[0]
    peer = (row["peer"] or "").partition(" (")[0]
    beside = isinstance(row["ratio"], int | float) and peer and row["name"] not in ALONE
    against = f"{row['ratio']:.3g} × {peer}" if beside else ""
    bar = "" if row["bar"] is None else str(row["bar"])
    if isinstance(row["bar"], int | float):
        bar = f"≥ {bar}" if beside else f"≤ {bar}"
    met = {True: "met", False: "**missed**", None: ""}[row["met"]]
    return f"| {SAID[row['name']]} | {_number(row['value'])} {unit} | {against} | {bar} | {met} |"


def table(results) -> str:
    """Rows of the README, of those results that it speaks of."""
    found = {row["name"]: row for row in results}
    rows = [_row(found[name]) for name in SAID if name in found]
    return "\n".join(["| what | measured | against | bar | |", "|---|---|---|---|---|", *rows])


def write(results, path=ROOT / "README.md"):
    """Put the table into its place."""
    before, _, rest = path.read_text("utf-8").partition(BEGIN)
    path.write_text(f"{before}{BEGIN}\n\n{table(results)}\n\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    write(json.loads((Path(__file__).parent / "results.json").read_text("utf-8")))
