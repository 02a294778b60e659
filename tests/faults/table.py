"""The table of docs/faults.md: one row a fault, written by the test that injected it."""

import datetime as dt
import fcntl
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
HEAD = """# Faults

What was broken on purpose, and what came of it. Every row is written by its test (`make faults`); a short selection,
without kills, runs in `make test`. kill -9 is no power loss: read "0 lost" as "0 in so many kills".

| id | fault | injected | figures | on |
|---|---|---|---|---|
"""


def note(identifier, fault, injected, **figures):
    """Write or replace the row of a fault."""
    says = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
    row = f"| {identifier} | {fault} | {injected} | {says} | {dt.datetime.now(dt.UTC):%Y-%m-%d} |"
    FILE.parent.mkdir(exist_ok=True)
    with (FILE.parent / ".faults.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lines = FILE.read_text().splitlines() if FILE.exists() else HEAD.splitlines()
        key = f"| {identifier} | {fault} |"
        rows = [line for line in lines if line.startswith("| F") and not line.startswith(key)] + [row]
        rows.sort(key=lambda line: (int("".join(filter(str.isdigit, line.split("|")[1])) or 0), line))
        FILE.write_text(HEAD + "\n".join(rows) + "\n")
    (FILE.parent / ".faults.lock").unlink(missing_ok=True)
    print(row)
