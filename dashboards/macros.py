"""Grafana's SQL macros and variables written out, as its PostgreSQL data source does it.

``$__timeFilter(c)`` → ``c BETWEEN '…' AND '…'``; ``$__timeGroup(c,'5m')`` → ``time_bucket('300.000s',c)`` (with
``timescaledb`` on); an argument ends at the first closing parenthesis. ``${name:sqlstring}`` is a list of quoted texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dashboards.crops import spoken
from dashboards.languages import OFFICIAL
from dashboards.words import Language

_MACRO = re.compile(r"\$__(timeFilter|timeGroup|timeFrom|timeTo|unixEpochFilter)\(([^)]*)\)")
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
#: Grafana steps its interval through round numbers [s].
_ROUND = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a board shows: the time span, the choices, how many pixels wide."""

    start: datetime
    end: datetime
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: What people read of the choices; the choices themselves where it is not known.
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pixels: int = 800

    @property
    def interval(self) -> timedelta:
        """Time that a pixel stands for, rounded up as Grafana rounds it."""
        exact = (self.end - self.start).total_seconds() / self.pixels
        return timedelta(seconds=next((step for step in _ROUND if step >= exact), _ROUND[-1]))


def expand(sql: str, shown: Shown, language: Language = OFFICIAL) -> str:
    """SQL as it reaches the database."""
    sql = spoken(sql, language)
    milliseconds = round(shown.interval.total_seconds() * 1000)
    sql = sql.replace("$__interval_ms", str(milliseconds)).replace("$__interval", f"{milliseconds}ms")
    sql = _MACRO.sub(lambda found: _macro(found[1], found[2], shown), sql)
    return _VARIABLE.sub(lambda found: _variable(found[1], found[2], shown), sql)


def _macro(name: str, arguments: str, shown: Shown) -> str:
    start, end = (f"'{moment:%Y-%m-%dT%H:%M:%S}Z'" for moment in (shown.start, shown.end))
    if name == "timeFrom":
        return start
    if name == "timeTo":
        return end
    if name == "timeGroup":
        column, width = (part.strip() for part in arguments.split(",")[:2])
        seconds = float(width.strip("'")[:-1]) * _UNITS[width.strip("'")[-1]]
        return f"time_bucket('{seconds:.3f}s',{column})"
    if name == "unixEpochFilter":
        return f"{arguments} >= {shown.start.timestamp():.0f} AND {arguments} <= {shown.end.timestamp():.0f}"
    return f"{arguments} BETWEEN {start} AND {end}"


def _variable(name: str, form: str | None, shown: Shown) -> str:
    if name not in shown.choices:
        message = f"the board has no variable {name!r}"
        raise KeyError(message)
    values = shown.choices[name]
    if form == "sqlstring":
        # Grafana's own list of nothing is a pair of quotes.
        return ",".join("'" + value.replace("'", "''") + "'" for value in values) or "''"
    return ", ".join(values)
