"""Oxygen before dawn, and what makes ammonia poisonous."""

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import Gauge, StateTimeline, Table, TimeSeries
from dashboards.panel import Json
from dashboards.words import Words

# Fish gasp below 3 mg/L and die below 2 mg/L in the hours before dawn; the platform's rules say where limits come from.
_OXYGEN = palette.steps((2, palette.ORANGE), (3, palette.SKY), (5, palette.GREEN), base=palette.VERMILION)


def _measured(quantity: str, thresholds: Json | None = None, decimals: int = 1) -> TimeSeries:
    return TimeSeries(
        title=palette.title_of(quantity),
        sql=queries.lines(quantity),
        unit=palette.unit_of(quantity),
        decimals=decimals,
        thresholds=thresholds,
        lines=thresholds is not None,
    )


def _daily(title: Words, index: str, unit: str) -> TimeSeries:
    return TimeSeries(title=title, sql=queries.index_lines(index), unit=unit, bridge=3 * 86400)


_NEWEST = Table(
    title=Words("ponds.newest_values"),
    sql="SELECT name, max(value) FILTER (WHERE quantity = 'dissolved_oxygen') AS dissolved_oxygen,"
    " max(value) FILTER (WHERE quantity = 'water_temperature') AS water_temperature,"
    " max(value) FILTER (WHERE quantity = 'water_ph') AS water_ph,"
    " max(value) FILTER (WHERE quantity = 'total_ammonia_nitrogen') AS total_ammonia_nitrogen,"
    " max(time) AS time, station FROM chart.latest WHERE station IN (${station:sqlstring}) AND quality IN (1, 2)"
    " GROUP BY station, name ORDER BY name",
    columns={
        "name": columns.NAME,
        "dissolved_oxygen": columns.of("dissolved_oxygen"),
        "water_temperature": columns.of("water_temperature"),
        "water_ph": columns.of("water_ph"),
        "total_ammonia_nitrogen": columns.of("total_ammonia_nitrogen"),
        "time": columns.AT,
        "station": columns.STATION,
    },
)
_OXYGEN_NOW = Gauge(
    title=Words("ponds.newest_dissolved_oxygen"),
    sql="SELECT name, value FROM chart.latest WHERE quantity = 'dissolved_oxygen' AND quality IN (1, 2)"
    " AND station IN (${station:sqlstring}) ORDER BY value LIMIT 12",
    width=12,
    unit="conmgL",
    decimals=1,
    minimum=0,
    maximum=12,
    thresholds=_OXYGEN,
)
_COURSE = StateTimeline(title=Words("ponds.alerts_ponds"), sql=queries.levels("pond"), saying="levels", width=24)
_DAWN = TimeSeries(
    title=Words("ponds.lowest_oxygen_before"),
    sql=queries.index_lines("dissolved_oxygen_dawn"),
    unit="conmgL",
    thresholds=_OXYGEN,
    lines=True,
    draw="bars",
)

BOARD = Board(
    name="ponds",
    title=Words("ponds.ponds"),
    description=Words("ponds.ponds_about"),
    variables=(queries.COMMUNE, queries.having("dissolved_oxygen")),
    annotations=(queries.marks("pond"),),
    tags=("field",),
    bands=(
        Band(None, (_NEWEST, _OXYGEN_NOW)),
        Band(Words("ponds.oxygen"), (_measured("dissolved_oxygen", _OXYGEN), _DAWN, _COURSE)),
        Band(
            Words("ponds.water"),
            (
                _measured("water_temperature"),
                _measured("water_ph", decimals=2),
                _daily(Words("ponds.oxygen_saturation"), "oxygen_saturation", "percent"),
                _daily(Words("ponds.un_ionised_ammonia"), "unionised_ammonia", "conmgL"),
                _measured("total_ammonia_nitrogen", decimals=2),
                _measured("water_turbidity", decimals=0),
            ),
        ),
    ),
)
