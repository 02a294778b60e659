"""Rain, rivers, reservoirs, flash flood: how much fell, how wet it was before, how high the water stands."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import BarChart, HeatMap, StateTimeline, Table, TimeSeries
from dashboards.panel import Column
from dashboards.words import Words

# 16, 50 and 100 mm in 24 h: the classes of rain (analytics/rules).
_DAILY = palette.steps((16, palette.SKY), (50, palette.ORANGE), (100, palette.VERMILION), base=palette.BLUE)
_LAST = "$__timeTo()::timestamptz - interval '{}', $__timeTo()::timestamptz, interval '{}'"
_RAIN = f"chart.series({queries.STATIONS}, 'precipitation', "

_SUMS = BarChart(
    title=Words("rain_rivers.rain_last_1"),
    sql="SELECT name, sum(value) FILTER (WHERE time > $__timeTo()::timestamptz - interval '1 hour') AS hours_1,"
    " sum(value) FILTER (WHERE time > $__timeTo()::timestamptz - interval '6 hours') AS hours_6, sum(value) AS hours_24"
    f" FROM {_RAIN}{_LAST.format('24 hours', '10 minutes')}) GROUP BY name ORDER BY hours_24 DESC",
    unit="lengthmm",
    decimals=1,
    height=11,
    columns={
        "hours_1": Column(title=Words("rain_rivers.n1_hour"), color=palette.SKY),
        "hours_6": Column(title=Words("rain_rivers.n6_hours"), color=palette.ORANGE),
        "hours_24": Column(title=Words("rain_rivers.n24_hours"), color=palette.BLUE),
    },
)
_HOURLY = TimeSeries(
    title=Words("rain_rivers.rain_hour"),
    description=Words("rain_rivers.rain_hour_about"),
    sql="SELECT time, name AS metric, value FROM chart.series("
    f"{queries.STATIONS}, 'precipitation', $__timeFrom()::timestamptz, $__timeTo()::timestamptz,"
    f" greatest({queries.WIDTH}, interval '1 hour')) ORDER BY 1",
    unit="lengthmm",
    draw="bars",
    height=11,
)
_SLIDING = TimeSeries(
    title=Words("rain_rivers.sliding_24_h"),
    description=Words("rain_rivers.sliding_24_h_about"),
    sql="SELECT time, name AS metric, sum(value) OVER (PARTITION BY station ORDER BY time"
    " RANGE BETWEEN interval '23 hours 59 minutes' PRECEDING AND CURRENT ROW) AS value FROM chart.series("
    f"{queries.STATIONS}, 'precipitation', greatest($__timeFrom()::timestamptz, $__timeTo()::timestamptz"
    " - interval '10 days') - interval '1 day', $__timeTo()::timestamptz, interval '1 hour') ORDER BY 1",
    unit="lengthmm",
    thresholds=_DAILY,
    lines=True,
)
_WET = TimeSeries(
    title=Words("rain_rivers.antecedent_precipitation_index"),
    sql=queries.index_lines("antecedent_precipitation_index"),
    unit="lengthmm",
    bridge=3 * 86400,
)
_INTENSITY = HeatMap(
    title=Words("rain_rivers.day_s_greatest"),
    sql=queries.index_lines("rain_intensity_30min_maximum"),
    unit="suffix: mm/h",
    decimals=0,
)
_DAYS = HeatMap(
    title=Words("rain_rivers.daily_rain"),
    sql=queries.index_lines("precipitation_sum"),
    unit="lengthmm",
    decimals=0,
)
_WATER = TimeSeries(
    title=Words("rain_rivers.level_rivers_reservoirs"),
    sql=queries.lines("water_level"),
    unit="lengthm",
    decimals=2,
)
_RISE = Table(
    title=Words("rain_rivers.newest_level_rate"),
    sql="SELECT newest.name, newest.value AS level, newest.value - before.value AS rise, newest.time, newest.station"
    " FROM chart.latest AS newest LEFT JOIN LATERAL (SELECT value FROM chart.reading"
    " WHERE reading.station = newest.station AND reading.quantity = 'water_level' AND reading.level = newest.level"
    " AND reading.time <= newest.time - interval '1 hour' AND reading.time > newest.time - interval '3 hours'"
    " ORDER BY reading.time DESC LIMIT 1) AS before ON true WHERE newest.quantity = 'water_level'"
    " AND newest.station IN (${station:sqlstring}) AND newest.quality IN (1, 2) ORDER BY rise DESC NULLS LAST",
    columns={
        "name": columns.NAME,
        "level": Column(title=Words("rain_rivers.level"), unit="lengthm", decimals=2),
        "rise": Column(title=Words("rain_rivers.rise_within_1"), unit="lengthm", decimals=2),
        "time": columns.AT,
        "station": columns.STATION,
    },
)
_FLASH = StateTimeline(
    title=Words("rain_rivers.flash_flood_landslide"),
    sql=queries.index_lines("flash_flood_rain_level"),
    saying="levels",
    width=24,
)
_TO_MARK = TimeSeries(
    title=Words("rain_rivers.hours_next_mark"),
    sql=queries.index_lines("water_hours_to_mark"),
    unit="h",
    draw="points",
)
_RATE = TimeSeries(
    title=Words("rain_rivers.rate_rise"),
    sql=queries.index_lines("water_level_rise"),
    unit="suffix: m/h",
    decimals=2,
)
_COURSE = StateTimeline(
    title=Words("rain_rivers.alerts_rain_flood"),
    sql=queries.levels("rain", "flood", "water"),
    saying="levels",
    width=24,
)

BOARD = Board(
    name="rain_rivers",
    title=Words("rain_rivers.rain_rivers_reservoirs"),
    description=Words("rain_rivers.rain_rivers_reservoirs_about"),
    refresh="5m",
    variables=(queries.COMMUNE, queries.STATION),
    annotations=(queries.marks("rain", "flood", "water"),),
    tags=("hazard",),
    bands=(
        Band(Words("rain_rivers.rain"), (_SUMS, _HOURLY, _SLIDING, _DAYS, _COURSE)),
        Band(
            Words("rain_rivers.flash_flood_wet"),
            (_WET, _INTENSITY, _FLASH),
        ),
        Band(Words("rain_rivers.rivers_reservoirs"), (_WATER, _RISE, _RATE, _TO_MARK)),
    ),
)
