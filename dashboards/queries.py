"""Queries that boards share: series by zoom, indices by day, choices of places; only views of schema ``chart``."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from __future__ import annotations

from dashboards.board import Annotation, Variable
from dashboards.columns import HAZARDS
from dashboards.languages import OFFICIAL
from dashboards.palette import LEVEL_COLORS
from dashboards.words import Words

STATIONS = "ARRAY[${station:sqlstring}]::text[]"
#: How wide a pixel is in time; wider the more lines there are, since nobody reads a hundred lines by the pixel.
WIDTH = f"$__interval_ms * interval '1 millisecond' * greatest(1, cardinality({STATIONS}) / 15.0)"
#: What a board shows, and how finely.
SPAN = f"$__timeFrom()::timestamptz, $__timeTo()::timestamptz, {WIDTH}"
#: The last month of what a board shows: of what grows by the hour more is never read.
LAST_MONTH = (
    "time BETWEEN greatest($__timeFrom()::timestamptz, $__timeTo()::timestamptz - interval '31 days')"
    " AND $__timeTo()::timestamptz"
)

COMMUNE = Variable(
    name="commune",
    label=Words("every.commune"),
    many=True,
    sql="SELECT DISTINCT coalesce(commune_name, '–') AS __text, coalesce(commune, '') AS __value FROM"
    " chart.station ORDER BY 1",
)
STATION = Variable(
    name="station",
    label=Words("every.station"),
    many=True,
    sql="SELECT name AS __text, station AS __value FROM chart.station"
    " WHERE coalesce(commune, '') IN (${commune:sqlstring}) ORDER BY 1",
)
ONE_STATION = Variable(
    name="station",
    label=Words("every.station"),
    sql="SELECT name AS __text, station AS __value FROM chart.station ORDER BY 1",
)


def having(quantity: str) -> Variable:
    """Stations of the communes chosen that measure a quantity."""
    return Variable(
        name="station",
        label=Words("every.station"),
        many=True,
        sql="SELECT DISTINCT station.name AS __text, station.station AS __value FROM chart.station"
        " JOIN chart.datastream ON datastream.station = station.station"
        f" WHERE datastream.quantity = '{quantity}'"
        " AND coalesce(station.commune, '') IN (${commune:sqlstring}) ORDER BY 1",
    )


def lines(quantity: str, value: str = "value") -> str:
    """One line a station and level."""
    return (
        f"SELECT time, concat_ws(' ', name, nullif(level, '')) AS metric, {value} AS value"
        f" FROM chart.series({STATIONS}, '{quantity}', {SPAN}) ORDER BY 1"
    )


def columns(*quantities: str) -> str:
    """One column a quantity, of one station; levels of a quantity are averaged."""
    picked = ", ".join(f"avg(value) FILTER (WHERE quantity = '{name}') AS {name}" for name in quantities)
    parts = " UNION ALL ".join(
        f"SELECT time, '{name}' AS quantity, value FROM chart.series({STATIONS}, '{name}', {SPAN})"
        for name in quantities
    )
    return f"SELECT time, {picked} FROM ({parts}) AS said GROUP BY time ORDER BY time"


def spread(quantity: str) -> str:
    """Value with its extremes and what is doubtful, of one station."""
    return (
        "SELECT time, avg(value) AS value, min(minimum) AS minimum, max(maximum) AS maximum, avg(doubtful) AS doubtful"
        f" FROM chart.series({STATIONS}, '{quantity}', {SPAN}) GROUP BY time ORDER BY time"
    )


def index_lines(index: str, places: str = "station") -> str:
    """A day's index, one line a place."""
    return (
        "SELECT time, name AS metric, value FROM chart.index_value"
        f" WHERE index = '{index}' AND place IN (${{{places}:sqlstring}}) AND basis = 'observed' AND"
        " $__timeFilter(time)"
        " ORDER BY time"
    )


def index_columns(*indices: str, places: str = "station", season: str = "") -> str:
    """Several indices of one place, a column each."""
    picked = ", ".join(f"avg(value) FILTER (WHERE index = '{name}') AS {name}" for name in indices)
    named = ", ".join(f"'{name}'" for name in indices)
    return (
        f"SELECT time, {picked} FROM chart.index_value WHERE index IN ({named})"
        f" AND place IN (${{{places}:sqlstring}}) AND basis = 'observed' AND $__timeFilter(time){season}"
        " GROUP BY time ORDER BY time"
    )


def newest(*indices: str, days: int = 3) -> str:
    """The newest value of indices at the stations chosen, a row a station."""
    picked = ", ".join(f"max(value) FILTER (WHERE index = '{name}') AS {name}" for name in indices)
    named = ", ".join(f"'{name}'" for name in indices)
    return (
        f"SELECT name, max(time) AS time, {picked} FROM (SELECT DISTINCT ON (place, index) place, name,"
        " index, time, value"
        f" FROM chart.index_value WHERE index IN ({named}) AND place IN (${{station:sqlstring}}) AND basis = 'observed'"
        f" AND time BETWEEN $__timeTo()::timestamptz - interval '{days} days' AND $__timeTo()::timestamptz"
        " ORDER BY place, index, time DESC) AS newest GROUP BY place, name ORDER BY name"
    )


#: A station's name with its level before it.
LABEL = "(ARRAY['', '① ', '② ', '③ ', '④ ', '⑤ '])[least(level, 5) + 1] || name"

#: Hazards by their signs, the same in every language (`columns.HAZARDS`).
_WHEN = " ".join(f"WHEN '{name}' THEN '{said.get(OFFICIAL)[0]}'" for name, said in HAZARDS.items())
SIGNS = f"CASE alert.hazard {_WHEN} END"


def levels(*hazards: str) -> str:
    """Level of hazards by commune, hour by hour; 0 where nothing holds."""
    named = ", ".join(f"'{name}'" for name in hazards)
    # OFFSET 0: names are looked up once an alert, not once an hour
    return (
        "SELECT hour AS time, alert.metric, coalesce(max(alert.level)"
        " FILTER (WHERE hour BETWEEN alert.time AND alert.time_end), 0) AS value"
        f" FROM (SELECT concat_ws(' ', commune_name, {SIGNS}) AS metric, level, time,"
        " coalesce(time_end, $__timeTo()::timestamptz) AS time_end FROM chart.alert"
        f" WHERE alert.hazard IN ({named}) AND alert.basis = 'observed' AND alert.state <> 'cancelled'"
        " AND alert.time <= $__timeTo()::timestamptz"
        " AND coalesce(alert.time_end, $__timeTo()::timestamptz) >= $__timeFrom()::timestamptz OFFSET 0) AS alert,"
        " generate_series($__timeFrom()::timestamptz, $__timeTo()::timestamptz,"
        " greatest(interval '1 hour', ($__timeTo()::timestamptz - $__timeFrom()::timestamptz) / 120)) AS hour"
        " GROUP BY hour, alert.metric ORDER BY hour"
    )


def marks(*hazards: str, station: bool = False) -> Annotation:
    """Alerts as marks on every time axis."""
    named = ", ".join(f"'{name}'" for name in hazards)
    chosen = f" AND hazard IN ({named})" if hazards else " AND hazard <> 'network'"
    where = " AND place IN (${station:sqlstring})" if station else ""
    return Annotation(
        name=Words("every.alerts"),
        color=LEVEL_COLORS[3],
        sql="SELECT time, coalesce(time_end, $__timeTo()::timestamptz) AS timeend,"
        " concat_ws(' · ', rule, '$__said(every.level)' || level, name) AS text, hazard AS tags FROM chart.alert"
        " WHERE state <> 'cancelled' AND basis = 'observed' AND time <= $__timeTo()::timestamptz"
        f" AND coalesce(time_end, $__timeTo()::timestamptz) >= $__timeFrom()::timestamptz{chosen}{where}"
        " ORDER BY time LIMIT 500",
    )
