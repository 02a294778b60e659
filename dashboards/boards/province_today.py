"""Where something holds, since when, and whether we can see at all."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import BarChart, GeoMap, Stat, StateTimeline, Table, Text
from dashboards.panel import Column
from dashboards.words import Words

_OPEN = "state = 'open' AND basis = 'observed' AND hazard <> 'network'"
_SILENT = "coalesce(heard, '-infinity') < $__timeTo()::timestamptz - interval '1 hour'"

_NUMBERS = (
    Stat(
        title=Words("province_today.alerts_force"),
        sql=f"SELECT count(*) AS value FROM chart.alert WHERE {_OPEN}",
        thresholds=palette.steps((1, palette.ORANGE), (20, palette.VERMILION), base=palette.BLUE),
    ),
    Stat(
        title=Words("province_today.highest_level"),
        sql=f"SELECT coalesce(max(level), 0) AS value FROM chart.alert WHERE {_OPEN}",
        saying="levels",
        filled=True,
    ),
    Stat(
        title=Words("province_today.communes_under_alert"),
        sql=f"SELECT count(DISTINCT commune) AS value FROM chart.alert WHERE {_OPEN}",
        thresholds=palette.steps((1, palette.ORANGE), base=palette.BLUE),
    ),
    Stat(
        title=Words("province_today.forecast_come"),
        sql="SELECT count(*) AS value FROM chart.alert WHERE state = 'open' AND basis = 'forecast'",
        thresholds=palette.steps((1, palette.ORANGE), base=palette.BLUE),
    ),
    Stat(
        title=Words("province_today.stations_heard_within"),
        sql=f"SELECT round(100.0 * count(*) FILTER (WHERE NOT ({_SILENT})) / nullif(count(*), 0)) AS value FROM"
        " chart.station",
        unit="percent",
        thresholds=palette.steps((80, palette.ORANGE), (95, palette.GREEN), base=palette.VERMILION),
    ),
    Stat(
        title=Words("province_today.messages_sent"),
        description=Words("province_today.messages_sent_about"),
        sql="SELECT coalesce(sum(sent), 0) AS value FROM chart.delivery WHERE $__timeFilter(time)",
        thresholds=palette.steps(base=palette.BLUE),
    ),
)

_MAP = GeoMap(
    title=Words("province_today.map_stations_level"),
    description=Words("province_today.map_stations_level_about"),
    sql="SELECT station, name, commune_name, longitude, latitude, level, hazard, heard,"
    f" {queries.LABEL} || CASE WHEN {_SILENT} THEN ' ✕' ELSE '' END AS label"
    " FROM chart.station WHERE longitude IS NOT NULL AND coalesce(commune, '') IN (${commune:sqlstring})"
    " ORDER BY level",
    width=12,
    height=18,
    columns={
        "level": columns.LEVEL,
        "hazard": columns.HAZARD,
        "name": columns.NAME,
        "commune_name": columns.COMMUNE,
        "heard": Column(title=Words("province_today.last_heard"), unit="dateTimeAsIso"),
    },
)
_ALERTS = Table(
    title=Words("province_today.force"),
    sql="SELECT level, hazard, name, commune_name, time, text_vi, place AS station FROM chart.alert"
    f" WHERE {_OPEN} AND article IS NULL AND coalesce(commune, '') IN (${{commune:sqlstring}})"
    " ORDER BY level DESC, time LIMIT 200",
    columns={
        "level": columns.LEVEL,
        "hazard": columns.HAZARD,
        "name": columns.NAME,
        "commune_name": columns.COMMUNE,
        "time": columns.TIME,
        "text_vi": Column(title=Words("province_today.text_vietnamese")),
        "station": columns.STATION,
    },
    height=18,
)
_OFFICIAL = Table(
    title=Words("province_today.official"),
    sql="SELECT level, article, hazard, name, commune_name, time, text_vi, place AS station FROM chart.alert"
    f" WHERE {_OPEN} AND article IS NOT NULL AND coalesce(commune, '') IN (${{commune:sqlstring}})"
    " ORDER BY level DESC, time LIMIT 200",
    columns={
        "level": columns.LEVEL,
        "article": columns.ARTICLE,
        "hazard": columns.HAZARD,
        "name": columns.NAME,
        "commune_name": columns.COMMUNE,
        "time": columns.TIME,
        "text_vi": Column(title=Words("province_today.text_vietnamese")),
        "station": columns.STATION,
    },
    width=24,
)
_BY_HAZARD = BarChart(
    title=Words("province_today.places_hazard_level"),
    sql="SELECT hazard AS name, count(*) FILTER (WHERE level = 1) AS level_1, count(*) FILTER (WHERE level ="
    " 2) AS level_2,"
    " count(*) FILTER (WHERE level = 3) AS level_3, count(*) FILTER (WHERE level = 4) AS level_4,"
    f" count(*) FILTER (WHERE level = 5) AS level_5 FROM chart.alert WHERE {_OPEN} GROUP BY hazard ORDER BY hazard",
    stacked=True,
    columns={"name": columns.HAZARD}
    | {
        f"level_{level}": Column(title=Words("columns.level_number", level), color=palette.LEVEL_COLORS[level])
        for level in range(1, 6)
    },
)
_COURSE = StateTimeline(
    title=Words("province_today.course_commune"),
    sql=queries.levels("cold", "frost", "heat", "rain", "flood", "water", "wind", "storm"),
    saying="levels",
    width=24,
    height=10,
)
_SILENT_TABLE = Table(
    title=Words("province_today.stations_silent_longest"),
    sql="SELECT name, commune_name, heard, extract(epoch FROM $__timeTo()::timestamptz - heard)::float8 AS"
    " silent, station"
    f" FROM chart.station WHERE {_SILENT} ORDER BY heard NULLS FIRST LIMIT 20",
    columns={
        "name": columns.NAME,
        "commune_name": columns.COMMUNE,
        "heard": Column(title=Words("province_today.last_heard"), unit="dateTimeAsIso"),
        "silent": Column(title=Words("province_today.silent"), unit="s"),
        "station": columns.STATION,
    },
)
_DOUBTFUL = Table(
    title=Words("province_today.stations_most_doubtful"),
    sql="SELECT name, count(*) FILTER (WHERE quality = 3) AS suspect, count(*) FILTER (WHERE quality IN (4,"
    " 9)) AS failed,"
    " count(*) AS sensors, station FROM chart.latest GROUP BY station, name"
    " HAVING count(*) FILTER (WHERE quality IN (3, 4, 9)) > 0 ORDER BY failed DESC, suspect DESC LIMIT 20",
    columns={
        "name": columns.NAME,
        "suspect": Column(title=Words("province_today.suspect")),
        "failed": Column(title=Words("province_today.fail")),
        "sensors": Column(title=Words("province_today.sensors")),
        "station": columns.STATION,
    },
)
_NOTE = Text(
    title=Words("province_today.how_read_this"),
    width=12,
    height=8,
    content=Words("province_today.how_read_this_text"),
)

BOARD = Board(
    name="province_today",
    title=Words("province_today.province_today"),
    description=Words("province_today.province_today_about"),
    span="now-48h",
    refresh="1m",
    variables=(queries.COMMUNE,),
    tags=("overview",),
    bands=(
        Band(None, _NUMBERS),
        Band(None, (_MAP, _ALERTS, _OFFICIAL)),
        Band(None, (_BY_HAZARD, _SILENT_TABLE)),
        Band(None, (_COURSE, _DOUBTFUL, _NOTE)),
    ),
)
