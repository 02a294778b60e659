"""What anybody may see, from ``chart_public`` alone; without variables, for people who do not sign in."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from dashboards import columns, palette, queries
from dashboards.board import OUTSIDE, Band, Board
from dashboards.kinds import BarChart, GeoMap, HeatMap, Stat, Table, Text
from dashboards.panel import Column
from dashboards.words import Words

_OPEN = "state = 'open' AND basis = 'observed'"

_WELCOME = Text(
    title=Words("farmers.n_ng_v"),
    height=4,
    width=12,
    content=Words("farmers.n_ng_v_text"),
)
_HIGHEST = Stat(
    title=Words("farmers.highest_level_alert"),
    sql=f"SELECT coalesce(max(level), 0) AS value FROM chart_public.alert WHERE {_OPEN}",
    saying="levels",
    filled=True,
    width=6,
)
_COMMUNES = Stat(
    title=Words("farmers.communes_under_alert"),
    sql=f"SELECT count(DISTINCT commune) AS value FROM chart_public.alert WHERE {_OPEN}",
    thresholds=palette.steps((1, palette.ORANGE), base=palette.BLUE),
    width=6,
)
_MAP = GeoMap(
    title=Words("farmers.alerts_station"),
    sql="SELECT station, name, commune_name, longitude, latitude, level, hazard,"
    f" {queries.LABEL} AS label"
    " FROM chart_public.station WHERE longitude IS NOT NULL ORDER BY level",
    columns={
        "level": columns.LEVEL,
        "hazard": columns.HAZARD,
        "name": columns.PLACE,
        "commune_name": columns.COMMUNE,
    },
)
_ALERTS = Table(
    title=Words("farmers.alerts_now"),
    sql="SELECT level, hazard, commune_name, name, text_vi, time, article FROM chart_public.alert"
    f" WHERE {_OPEN} ORDER BY article IS NOT NULL, level DESC, time LIMIT 100",
    height=16,
    columns={
        "level": columns.LEVEL,
        "hazard": columns.HAZARD,
        "commune_name": columns.COMMUNE,
        "name": columns.PLACE,
        "text_vi": Column(title=Words("farmers.text_vietnamese")),
        "time": columns.TIME,
        "article": columns.ARTICLE,
    },
)
_WEATHER = Table(
    title=Words("farmers.newest_weather"),
    sql="SELECT commune_name, name, max(value) FILTER (WHERE quantity = 'air_temperature') AS air_temperature,"
    " max(value) FILTER (WHERE quantity = 'relative_humidity') AS relative_humidity,"
    " max(value) FILTER (WHERE quantity = 'wind_speed') AS wind_speed, max(time) AS time FROM chart_public.latest"
    " WHERE quality IN (1, 2) AND time > $__timeTo()::timestamptz - interval '6 hours'"
    " GROUP BY station, name, commune_name ORDER BY commune_name, name",
    height=12,
    columns={
        "commune_name": columns.COMMUNE,
        "name": columns.PLACE,
        "air_temperature": columns.of("air_temperature"),
        "relative_humidity": columns.of("relative_humidity"),
        "wind_speed": columns.of("wind_speed"),
        "time": columns.AT,
    },
)
_RAIN = BarChart(
    title=Words("farmers.rain_last_24"),
    sql="SELECT name, sum(value) AS rain FROM chart_public.series((SELECT array_agg(station) FROM"
    " chart_public.station),"
    " 'precipitation', $__timeTo()::timestamptz - interval '24 hours', $__timeTo()::timestamptz, interval '1 hour')"
    " GROUP BY name ORDER BY 2 DESC NULLS LAST LIMIT 20",
    unit="lengthmm",
    decimals=1,
    height=12,
    columns={"rain": Column(title=Words("farmers.rain"), color=palette.BLUE)},
)
_NIGHTS = HeatMap(
    title=Words("farmers.daily_minimum_temperature"),
    sql="SELECT time, name AS metric, value FROM chart_public.index_value WHERE index = 'air_temperature_minimum'"
    " AND kind = 'station' AND basis = 'observed' AND $__timeFilter(time) ORDER BY time",
    unit="celsius",
    decimals=0,
    width=24,
)

BOARD = Board(
    name="farmers",
    title=Words("farmers.farmers"),
    description=Words("farmers.farmers_about"),
    span="now-7d",
    refresh="5m",
    source=OUTSIDE,
    tags=("public",),
    bands=(
        Band(None, (_WELCOME, _HIGHEST, _COMMUNES)),
        Band(None, (_MAP, _ALERTS, _WEATHER, _RAIN, _NIGHTS)),
    ),
)
