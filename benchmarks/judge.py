"""What a figure is worth: whether its bar is met, what it cost against the committed one, and when it says nothing.

A row is a dictionary: name, value, unit, and where there are some peer, peer_value, ratio, bar, met, runs (the single figures
that value is the median of). A row that could not be measured says why under ``not_measured`` and is never met. CPU figures
are told by their unit: what begins with "CPU" or is a share "of one core" costs; what is counted "/CPU s" is gained.
"""

import importlib.util
import statistics

#: A CPU figure so many times the committed one fails.
SLOWER = 1.5
#: Runs that a ratio needs before it may be called met.
RUNS = 3
#: What ends a run of ``make bench``: nothing to say, a bar missed, a name unknown, something not measured.
FINE, MISSED, UNKNOWN, NOT_MEASURED = 0, 1, 2, 3
REMEDY = "bash benchmarks/fetch_peers"


class AbsentError(Exception):
    """A peer or a tool cannot be had here; says which and why."""


def needed(*modules):
    """Ask for Python packages of other makers; AbsentError names what is missing and the remedy."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise AbsentError(f"{', '.join(missing)} not installed: {REMEDY}")


def absent(name, why):
    """The row of what could not be measured."""
    return {"name": name, "not_measured": str(why), "met": None}


def median(name, runs, unit, **more):
    """A row whose value is the median of its runs, which stand beside it."""
    return {"name": name, "value": statistics.median(runs), "unit": unit, "runs": list(runs), **more}


def beside(row, ratios, least):
    """The row with the median of its runs' ratios and a bar from below; too few runs are no measurement."""
    ratio = statistics.median(ratios)
    row = row | {"ratio": round(ratio, 3), "bar": f"≥ {least:g}", "ratios": [round(each, 3) for each in ratios]}
    if len(ratios) < RUNS:
        return row | {"met": None, "not_measured": f"{len(ratios)} of {RUNS} runs"}
    return row | {"met": ratio >= least}


def at_most(row, most):
    """The row with a bar from above on its value."""
    return row | {"bar": f"≤ {most:g}", "met": row["value"] <= most}


def peer(measure, *modules):
    """What a peer reaches; why not, as text, where its packages are missing. Ours is measured all the same."""
    try:
        needed(*modules)
        return measure()
    except (AbsentError, ImportError) as error:
        return str(error)


def against(row, peer, peer_value, least):
    """The row with the ratio to a peer's figure and a bar from below; not measured where the peer says why instead."""
    if isinstance(peer_value, str):
        return row | {"peer": peer, "bar": f"≥ {least:g}", "met": None, "not_measured": peer_value}
    ratio = row["value"] / peer_value
    return row | {"peer": peer, "peer_value": peer_value, "ratio": ratio, "bar": f"≥ {least:g}", "met": ratio >= least}


def cost(row):
    """CPU that a row says its work takes, in any unit; None where it says nothing of CPU."""
    value, unit = row.get("value"), row.get("unit") or ""
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        return None
    if "/CPU s" in unit:
        return 1 / value
    return value if unit.startswith("CPU") or "of one core" in unit else None


def judged(row, former=None):
    """The row as it may be kept: nothing met that was not measured, and CPU compared with the committed row."""
    row = dict(row)
    if row.get("value") is None and not row.get("not_measured"):
        row["not_measured"] = "no figure"
    if row.get("peer") and row.get("peer_value") is None and not row.get("not_measured"):
        row["not_measured"] = f"{row['peer']} was not measured"
    if row.get("not_measured"):
        row["met"] = None
    mine, theirs = cost(row), cost(former or {})
    if mine and theirs and former["unit"] == row["unit"]:
        row["slower"] = round(mine / theirs, 2)
    return row


def state(row):
    """What a row says of itself: met, missed, slower, not measured, or nothing (a figure without a bar)."""
    if row.get("met") is False:
        return "missed"
    if (row.get("slower") or 0) >= SLOWER:
        return "slower"
    if row.get("not_measured"):
        return "not measured"
    return "met" if row.get("met") else ""


def ending(rows, failed=()):
    """Exit code of a run: a miss comes before a gap."""
    states = {state(row) for row in rows}
    if failed or states & {"missed", "slower"}:
        return MISSED
    return NOT_MEASURED if "not measured" in states else FINE
