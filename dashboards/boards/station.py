"""Everything one station says, from minutes to decades, with what is doubtful shown apart."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from dashboards import columns, palette, queries
from dashboards.board import Band, Board, Variable
from dashboards.kinds import Stat, StateTimeline, Table, TimeSeries
from dashboards.panel import Column, Draw
from dashboards.words import Words

_DOUBTFUL = Column(title=Words("station.suspect_or_failed"), color=palette.VERMILION, draw="points")


def _now(quantity: str) -> Stat:
    return Stat(
        title=palette.title_of(quantity),
        sql="SELECT max(value) AS value FROM chart.latest WHERE station = ${station:sqlstring}"
        f" AND quantity = '{quantity}' AND quality IN (1, 2)",
        unit=palette.unit_of(quantity),
        decimals=2 if quantity == "soil_moisture" else 1,
        thresholds=palette.steps(base=palette.BLUE),
    )


def _shown(quantity: str, draw: Draw = "line") -> dict[str, Column]:
    return {quantity: columns.of(quantity, draw=draw)}


def _one(quantity: str, *, draw: Draw = "line", color: str = palette.BLUE, extremes: bool = True) -> TimeSeries:
    extreme = {
        "minimum": Column(title=Words("station.minimum"), color=palette.SKY, draw="dotted"),
        "maximum": Column(title=Words("station.maximum"), color=palette.ORANGE, draw="dashed"),
    }
    gone = {name: Column(title=column.title, hidden=True) for name, column in extreme.items()}
    return TimeSeries(
        title=palette.title_of(quantity),
        sql=queries.spread(quantity),
        unit=palette.unit_of(quantity),
        draw=draw,
        columns={"value": Column(title=palette.title_of(quantity), color=color, draw=draw)}
        | (extreme if extremes else gone)
        | {"doubtful": _DOUBTFUL},
    )


_WIND = TimeSeries(
    title=Words("station.wind_gusts"),
    sql=queries.columns("wind_speed", "wind_gust"),
    unit=palette.unit_of("wind_speed"),
    columns={
        "wind_speed": columns.of("wind_speed", color=palette.BLUE),
        "wind_gust": columns.of("wind_gust", color=palette.VERMILION, draw="points"),
    },
)
_DIRECTION = TimeSeries(
    title=palette.title_of("wind_direction"),
    sql=queries.columns("wind_direction"),
    unit="degree",
    draw="points",
    minimum=0,
    maximum=360,
    columns=_shown("wind_direction", "points"),
)
_ANY = TimeSeries(
    title=Words("station.quantity_your_choice"),
    sql="SELECT time, concat_ws(' ', name, nullif(level, '')) AS metric, value"
    f" FROM chart.series({queries.STATIONS}, ${{quantity:sqlstring}}, {queries.SPAN}) ORDER BY 1",
)
_SENSORS = Table(
    title=Words("station.sensors_their_newest"),
    sql="SELECT latest.quantity, latest.level AS depth, latest.value, quantity.unit, latest.quality, latest.time"
    " FROM chart.latest JOIN chart.quantity ON quantity.name = latest.quantity"
    " WHERE latest.station = ${station:sqlstring} ORDER BY latest.quantity, latest.level",
    height=11,
    columns={
        "quantity": columns.QUANTITY,
        "depth": Column(title=Words("station.level")),
        "value": Column(title=Words("station.value"), decimals=2),
        "unit": columns.UNIT,
        "quality": columns.QUALITY,
        "time": columns.AT,
    },
)
_FINDINGS = Table(
    title=Words("station.what_checks_people"),
    sql="SELECT time, time_end, quantity, quality, reason, who FROM chart.finding"
    " WHERE station = ${station:sqlstring} AND time <= $__timeTo()::timestamptz AND time_end >="
    " $__timeFrom()::timestamptz"
    " ORDER BY time DESC LIMIT 200",
    height=11,
    columns={
        "time": columns.TIME,
        "time_end": columns.END,
        "quantity": columns.QUANTITY,
        "quality": columns.QUALITY,
        "reason": columns.CHECK,
        "who": columns.WHO,
    },
)
_FLAGS = StateTimeline(
    title=Words("station.quality_sensor"),
    description=Words("station.quality_sensor_about"),
    sql="SELECT date_bin(greatest($__interval_ms * interval '1 millisecond', interval '1 hour'), time,"
    " 'epoch') AS time,"
    " concat_ws(' ', quantity, nullif(level, '')) AS metric, max(quality) AS value FROM chart.reading"
    " WHERE station = ${station:sqlstring} AND time BETWEEN greatest($__timeFrom()::timestamptz,"
    " $__timeTo()::timestamptz - interval '35 days') AND $__timeTo()::timestamptz"
    " GROUP BY 1, 2 ORDER BY 1",
    saying="qualities",
    width=24,
    height=11,
)
_DAYS = Table(
    title=Words("station.newest_daily_indices"),
    sql="SELECT coalesce(title.vi, newest.index) AS index_vi, coalesce(title.en, newest.index) AS index_en,"
    " newest.value,"
    " title.unit, newest.completeness, newest.time FROM (SELECT DISTINCT ON (index) index, value, completeness, time"
    " FROM chart.index_value WHERE place = ${station:sqlstring} AND season = 0 AND basis = 'observed'"
    " AND time BETWEEN $__timeTo()::timestamptz - interval '32 days' AND $__timeTo()::timestamptz"
    " ORDER BY index, time DESC) AS newest"
    " LEFT JOIN chart.title ON title.kind = 'index' AND title.name = newest.index ORDER BY 1",
    width=24,
    height=10,
    columns={
        "index_vi": Column(title=Words("station.index_vietnamese")),
        "index_en": Column(title=Words("station.index")),
        "value": Column(title=Words("station.value"), decimals=1),
        "unit": columns.UNIT,
        "completeness": Column(title=Words("station.completeness"), unit="percentunit", bar=(0, 1)),
        "time": Column(title=Words("station.day"), unit="dateTimeAsIso"),
    },
)

BOARD = Board(
    name="station",
    title=Words("station.station"),
    description=Words("station.station_about"),
    variables=(
        queries.ONE_STATION,
        Variable(
            name="quantity",
            label=Words("station.quantity"),
            sql="SELECT quantity.vi || ' · ' || quantity.en AS __text, quantity.name AS __value FROM chart.quantity"
            " WHERE EXISTS (SELECT FROM chart.datastream WHERE datastream.station = ${station:sqlstring}"
            " AND datastream.quantity = quantity.name) ORDER BY 1",
        ),
    ),
    annotations=(queries.marks(station=True),),
    tags=("field",),
    bands=(
        Band(
            None,
            tuple(
                _now(name)
                for name in (
                    "air_temperature", "relative_humidity", "wind_speed", "air_pressure", "soil_moisture",
                    "battery_voltage",
                )
            ),
        ),
        Band(
            Words("station.weather"),
            (
                _one("air_temperature", color=palette.VERMILION),
                _one("precipitation", draw="bars", extremes=False),
                _one("relative_humidity", color=palette.GREEN),
                _WIND,
                _one("global_radiation", color=palette.ORANGE, extremes=False),
                _DIRECTION,
            ),
        ),
        Band(Words("station.soil_water_others"), (_one("soil_moisture"), _ANY)),
        Band(Words("station.quality"), (_SENSORS, _FINDINGS, _FLAGS)),
        Band(Words("station.indices"), (_DAYS,)),
    ),
)  # fmt: skip
