"""What anybody may see, from ``chart_public`` alone; without variables, for people who do not sign in."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from dashboards import columns, palette, queries
from dashboards.board import OUTSIDE, Band, Board
from dashboards.kinds import BarChart, GeoMap, HeatMap, Stat, Table, Text
from dashboards.panel import Column
from dashboards.words import Words

_OPEN = "state = 'open' AND basis = 'observed'"

_WELCOME = Text(
    title=Words("Nông Vụ", "Nông Vụ"),
    height=4,
    width=12,
    content=Words(
        "Số đo từ các trạm của tỉnh. Cảnh báo theo trạm, không thay bản tin chính thức của cơ quan khí tượng."
        " Muốn nhận tin nhắn: hỏi cán bộ xã.",
        "Readings of the province's stations. Alerts speak from stations and do not replace official bulletins."
        " For text messages ask the commune's officer.",
    ),
)
_HIGHEST = Stat(
    title=Words("Cấp cảnh báo cao nhất", "Highest level of alert"),
    sql=f"SELECT coalesce(max(level), 0) AS value FROM chart_public.alert WHERE {_OPEN}",
    saying="levels",
    filled=True,
    width=6,
)
_COMMUNES = Stat(
    title=Words("Xã có cảnh báo", "Communes under alert"),
    sql=f"SELECT count(DISTINCT commune) AS value FROM chart_public.alert WHERE {_OPEN}",
    thresholds=palette.steps((1, palette.ORANGE), base=palette.BLUE),
    width=6,
)
_MAP = GeoMap(
    title=Words("Cảnh báo theo trạm", "Alerts by station"),
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
    title=Words("Đang cảnh báo", "Alerts now"),
    sql="SELECT level, hazard, commune_name, name, text_vi, time FROM chart_public.alert"
    f" WHERE {_OPEN} ORDER BY level DESC, time LIMIT 100",
    height=16,
    columns={
        "level": columns.LEVEL,
        "hazard": columns.HAZARD,
        "commune_name": columns.COMMUNE,
        "name": columns.PLACE,
        "text_vi": Column(title=Words("Nội dung", "Text (Vietnamese)")),
        "time": columns.TIME,
    },
)
_WEATHER = Table(
    title=Words("Thời tiết mới nhất", "Newest weather"),
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
    title=Words("Mưa 24 giờ qua", "Rain of the last 24 hours"),
    sql="SELECT name, sum(value) AS rain FROM chart_public.series((SELECT array_agg(station) FROM"
    " chart_public.station),"
    " 'precipitation', $__timeTo()::timestamptz - interval '24 hours', $__timeTo()::timestamptz, interval '1 hour')"
    " GROUP BY name ORDER BY 2 DESC NULLS LAST LIMIT 20",
    unit="lengthmm",
    decimals=1,
    height=12,
    columns={"rain": Column(title=Words("Mưa", "Rain"), color=palette.BLUE)},
)
_NIGHTS = HeatMap(
    title=Words("Nhiệt độ thấp nhất ngày", "Daily minimum temperature"),
    sql="SELECT time, name AS metric, value FROM chart_public.index_value WHERE index = 'air_temperature_minimum'"
    " AND kind = 'station' AND basis = 'observed' AND $__timeFilter(time) ORDER BY time",
    unit="celsius",
    decimals=0,
    width=24,
)

BOARD = Board(
    name="farmers",
    title=Words("Bà con xem", "For farmers"),
    description=Words("Cảnh báo, thời tiết và mưa, ai cũng xem được.", "Alerts, weather and rain, for everybody."),
    span="now-7d",
    refresh="5m",
    source=OUTSIDE,
    tags=("public",),
    bands=(
        Band(None, (_WELCOME, _HIGHEST, _COMMUNES)),
        Band(None, (_MAP, _ALERTS, _WEATHER, _RAIN, _NIGHTS)),
    ),
)
