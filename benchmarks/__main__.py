"""Run benchmarks: ``python -m benchmarks [name …]``; prints a table and writes benchmarks/results.json."""

import importlib
import json
import sys
import time
from pathlib import Path

from benchmarks import readme

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
KEYS = ("name", "value", "unit", "peer", "peer_value", "ratio", "bar", "met")
#: Not benchmarks themselves.
REST = {"__init__", "__main__", "api_stage", "peers", "readme", "stage"}


def names():
    """Every benchmark, by its file."""
    return sorted(file.stem for file in FOLDER.glob("*.py") if file.stem not in REST)


def figure(value):
    """A number as a table shows it."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "NO", None: ""}[value]
    return f"{value:,.4g}" if isinstance(value, int | float) else str(value)


def table(rows):
    """Rows as aligned text."""
    cells = [KEYS, *[[figure(row.get(key)) for key in KEYS] for row in rows]]
    widths = [max(len(str(line[column])) for line in cells) for column in range(len(KEYS))]
    padded = [[str(cell).ljust(width) for cell, width in zip(line, widths, strict=True)] for line in cells]
    return "\n".join("  ".join(line).rstrip() for line in padded)


def keep(rows, ran):
    """Write the results of those that ran; those of others stay as they were."""
    former = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    fresh = {row["name"] for row in rows}
    left = [row for row in former if row["name"] not in fresh and row["name"].split(" ")[0] not in ran]
    merged = sorted([*left, *rows], key=lambda row: row["name"])
    RESULTS.write_text(json.dumps(merged, indent=1, ensure_ascii=False) + "\n")
    readme.write(merged)


def main(arguments):
    """Run what was asked for, or everything; 1 where a bar was missed or a benchmark failed."""
    chosen = arguments or names()
    unknown = sorted(set(chosen) - set(names()))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there is {', '.join(names())}", file=sys.stderr)
        return 2
    everything, failed = [], []
    for name in chosen:
        start = time.monotonic()
        print(f"… {name}", file=sys.stderr, flush=True)
        try:
            rows = importlib.import_module(f"benchmarks.{name}").run()
        except Exception as error:
            print(f"{name} failed: {error!r}", file=sys.stderr)
            failed.append(name)
            continue
        rows = [{key: row.get(key) for key in KEYS} for row in rows]
        keep(rows, {name})
        everything += rows
        print(f"  {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    print(table(everything))
    return 1 if failed or any(row["met"] is False for row in everything) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
