"""Run benchmarks: ``python -m benchmarks [--small] [name …]``; prints a table and writes benchmarks/results.json.

Each row carries the date, commit, number of cores and load at its start; a row that started while more work was running than
there are cores is marked ``loaded``. CPU figures are compared with the committed ones. ``--small`` tries a benchmark on little
data, judges nothing and writes nothing. Exit codes: 0 all well, 1 a bar missed, a CPU figure 1.5 times the committed one, or
a benchmark failed; 2 no such benchmark; 3 nothing missed, but something not measured.
"""

import importlib
import json
import logging
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import structlog

from benchmarks import judge, report

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
SHOWN = ("name", "value", "unit", "peer", "peer_value", "ratio", "bar", "state", "beside committed")
KEYS = ("name", "value", "unit", "peer", "peer_value", "ratio", "bar", "met", "not_measured", "runs", "ratios", "slower",
        "date", "commit", "cores", "load", "loaded")  # fmt: skip
#: Not benchmarks themselves.
REST = {"__init__", "__main__", "analytics_stage", "api_stage", "frost_skill", "judge", "peers", "report", "stage"}
#: Seconds that the load of a former benchmark may take to go down.
SETTLE = 120


def names():
    """Every benchmark, by its file."""
    return sorted(file.stem for file in FOLDER.glob("*.py") if file.stem not in REST)


def figure(value):
    """A number as a table shows it."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "NO", None: ""}[value]
    return f"{value:,.4g}" if isinstance(value, int | float) else str(value)


def table(rows):
    """Rows as aligned text, and under it what was not measured and why."""
    said = [row | {"state": judge.state(row), "beside committed": compared(row)} for row in rows]
    cells = [SHOWN, *[[figure(row.get(key)) for key in SHOWN] for row in said]]
    widths = [max(len(str(line[column])) for line in cells) for column in range(len(SHOWN))]
    padded = [[str(cell).ljust(width) for cell, width in zip(line, widths, strict=True)] for line in cells]
    gaps = [f"NOT MEASURED: {row['name']}: {row['not_measured']}" for row in rows if row.get("not_measured")]
    return "\n".join(["  ".join(line).rstrip() for line in padded] + gaps)


def compared(row):
    """CPU beside the committed figure, as text."""
    return "" if row.get("slower") is None else f"{row['slower']:.2f} × the CPU"


def committed():
    """Rows of the last commit, by name; of the working file where there is no git."""
    asked = subprocess.run(["git", "show", "HEAD:benchmarks/results.json"], cwd=FOLDER, capture_output=True, text=True)
    text = asked.stdout if asked.returncode == 0 else RESULTS.read_text("utf-8") if RESULTS.exists() else "[]"
    return {row["name"]: row for row in json.loads(text)}


def commit():
    """The commit measured, with a plus where something else of it was changed since."""
    ask = ["git", "rev-parse", "--short", "HEAD"]
    found = subprocess.run(ask, cwd=FOLDER, capture_output=True, text=True)
    if found.returncode:
        return None
    # our own outputs are no change of what is measured
    ours = [":(top,exclude)benchmarks/results.json", *[f":(top,exclude){name}" for name in report.PLACES]]
    state = ["git", "status", "--porcelain", "--untracked-files=no", "--", ":/", *ours]
    changed = subprocess.run(state, cwd=FOLDER, capture_output=True, text=True).stdout
    return found.stdout.strip() + ("+" if changed else "")


def circumstances(load=None):
    """When, of what and where; the load is that at the start."""
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0] if load is None else load
    return {"date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "commit": commit(), "cores": cores,
            "load": round(load, 1), "loaded": load > cores}  # fmt: skip


def settle(most):
    """Wait until there is less work than cores, since a benchmark before this one leaves a load behind."""
    end = time.monotonic() + most
    while os.getloadavg()[0] > len(os.sched_getaffinity(0)) and time.monotonic() < end:
        time.sleep(5)


def keep(rows, ran):
    """Write the results of those that ran; those of others stay as they were, with their own date and commit."""
    former = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else []
    fresh = {row["name"] for row in rows}
    left = [row for row in former if row["name"] not in fresh and row["name"].split(" ")[0] not in ran]
    merged = sorted([*left, *rows], key=lambda row: row["name"])
    RESULTS.write_text(json.dumps(merged, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return merged


def measured(name, former, *, small=False):
    """Rows of one benchmark, judged, with its circumstances."""
    here = circumstances()
    if here["loaded"]:
        print(f"  LOADED: {here['load']} running on {here['cores']} cores: wall times say little", file=sys.stderr)
    try:
        rows = importlib.import_module(f"benchmarks.{name}").run()
    except judge.AbsentError as error:
        rows = [judge.absent(name, error)]
    if small:
        return [row | {"met": None, "bar": None} for row in rows]
    rows = [judge.judged(row, former.get(row["name"])) | here for row in rows]
    return [
        {key: row.get(key) for key in KEYS if row.get(key) is not None or key in {"value", "unit", "met"}}
        for row in rows
    ]


def quiet():
    """What the engine says of each step of a made alert is no news here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def main(arguments):
    """Run what was asked for, or everything."""
    small = "--small" in arguments
    chosen = [name for name in arguments if name != "--small"] or names()
    unknown = sorted(set(chosen) - set(names()))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there is {', '.join(names())}", file=sys.stderr)
        return judge.UNKNOWN
    if small:
        os.environ["NONGVU_BENCH_SMALL"] = "1"
    quiet()
    former, everything, failed = committed(), [], []
    for number, name in enumerate(chosen):
        settle(SETTLE if number and not small else 0)
        start = time.monotonic()
        print(f"… {name}", file=sys.stderr, flush=True)
        try:
            rows = measured(name, former, small=small)
        except Exception as error:
            print(f"{name} FAILED, its former figures stay: {error!r}", file=sys.stderr)
            failed.append(name)
            continue
        if not small:
            report.write(keep(rows, {name}))
        everything += rows
        print(f"  {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    print(table(everything))
    return judge.ending(everything, failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
