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
        title=Words("Cảnh báo đang hiệu lực", "Alerts in force"),
        sql=f"SELECT count(*) AS value FROM chart.alert WHERE {_OPEN}",
        thresholds=palette.steps((1, palette.ORANGE), (20, palette.VERMILION), base=palette.BLUE),
    ),
    Stat(
        title=Words("Cấp cao nhất", "Highest level"),
        sql=f"SELECT coalesce(max(level), 0) AS value FROM chart.alert WHERE {_OPEN}",
        saying="levels",
        filled=True,
    ),
    Stat(
        title=Words("Xã có cảnh báo", "Communes under alert"),
        sql=f"SELECT count(DISTINCT commune) AS value FROM chart.alert WHERE {_OPEN}",
        thresholds=palette.steps((1, palette.ORANGE), base=palette.BLUE),
    ),
    Stat(
        title=Words("Dự báo sẽ xảy ra", "Forecast to come"),
        sql="SELECT count(*) AS value FROM chart.alert WHERE state = 'open' AND basis = 'forecast'",
        thresholds=palette.steps((1, palette.ORANGE), base=palette.BLUE),
    ),
    Stat(
        title=Words("Trạm có tin trong 1 giờ", "Stations heard within 1 h"),
        sql=f"SELECT round(100.0 * count(*) FILTER (WHERE NOT ({_SILENT})) / nullif(count(*), 0)) AS value FROM"
        " chart.station",
        unit="percent",
        thresholds=palette.steps((80, palette.ORANGE), (95, palette.GREEN), base=palette.VERMILION),
    ),
    Stat(
        title=Words("Tin nhắn đã gửi", "Messages sent"),
        description=Words("Trong khoảng thời gian đang xem.", "Within the time shown."),
        sql="SELECT coalesce(sum(sent), 0) AS value FROM chart.delivery WHERE $__timeFilter(time)",
        thresholds=palette.steps(base=palette.BLUE),
    ),
)

_MAP = GeoMap(
    title=Words("Bản đồ: trạm theo cấp cảnh báo", "Map: stations by level of alert"),
    description=Words(
        "Nhãn là cấp cảnh báo; ✕ là trạm mất tin hơn một giờ.",
        "The label is the level; ✕ marks a station not heard for more than an hour.",
    ),
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
        "heard": Column(title=Words("Tin cuối", "Last heard"), unit="dateTimeAsIso"),
    },
)
_ALERTS = Table(
    title=Words("Đang hiệu lực", "In force"),
    sql="SELECT level, hazard, name, commune_name, time, text_vi, place AS station FROM chart.alert"
    f" WHERE {_OPEN} AND coalesce(commune, '') IN (${{commune:sqlstring}}) ORDER BY level DESC, time LIMIT 200",
    columns={
        "level": columns.LEVEL,
        "hazard": columns.HAZARD,
        "name": columns.NAME,
        "commune_name": columns.COMMUNE,
        "time": columns.TIME,
        "text_vi": Column(title=Words("Nội dung", "Text (Vietnamese)")),
        "station": columns.STATION,
    },
    height=18,
)
_BY_HAZARD = BarChart(
    title=Words("Số nơi theo thiên tai và cấp", "Places by hazard and level"),
    sql="SELECT hazard AS name, count(*) FILTER (WHERE level = 1) AS level_1, count(*) FILTER (WHERE level ="
    " 2) AS level_2,"
    " count(*) FILTER (WHERE level = 3) AS level_3, count(*) FILTER (WHERE level = 4) AS level_4,"
    f" count(*) FILTER (WHERE level = 5) AS level_5 FROM chart.alert WHERE {_OPEN} GROUP BY hazard ORDER BY hazard",
    stacked=True,
    columns={"name": columns.HAZARD}
    | {
        f"level_{level}": Column(title=Words(f"cấp {level}", f"level {level}"), color=palette.LEVEL_COLORS[level])
        for level in range(1, 6)
    },
)
_COURSE = StateTimeline(
    title=Words("Diễn biến theo xã", "Course by commune"),
    sql=queries.levels("cold", "frost", "heat", "rain", "flood", "water", "wind", "storm"),
    saying="levels",
    width=24,
    height=10,
)
_SILENT_TABLE = Table(
    title=Words("Trạm im lặng lâu nhất", "Stations silent the longest"),
    sql="SELECT name, commune_name, heard, extract(epoch FROM $__timeTo()::timestamptz - heard)::float8 AS"
    " silent, station"
    f" FROM chart.station WHERE {_SILENT} ORDER BY heard NULLS FIRST LIMIT 20",
    columns={
        "name": columns.NAME,
        "commune_name": columns.COMMUNE,
        "heard": Column(title=Words("Tin cuối", "Last heard"), unit="dateTimeAsIso"),
        "silent": Column(title=Words("Đã im lặng", "Silent for"), unit="s"),
        "station": columns.STATION,
    },
)
_DOUBTFUL = Table(
    title=Words("Trạm đáng ngờ nhất", "Stations with most doubtful sensors"),
    sql="SELECT name, count(*) FILTER (WHERE quality = 3) AS suspect, count(*) FILTER (WHERE quality IN (4,"
    " 9)) AS failed,"
    " count(*) AS sensors, station FROM chart.latest GROUP BY station, name"
    " HAVING count(*) FILTER (WHERE quality IN (3, 4, 9)) > 0 ORDER BY failed DESC, suspect DESC LIMIT 20",
    columns={
        "name": columns.NAME,
        "suspect": Column(title=Words("? nghi ngờ", "? suspect")),
        "failed": Column(title=Words("✕ sai", "✕ fail")),
        "sensors": Column(title=Words("Cảm biến", "Sensors")),
        "station": columns.STATION,
    },
)
_NOTE = Text(
    title=Words("Cách đọc", "How to read this"),
    width=12,
    height=8,
    content=Words(
        "Cấp là cấp của quy tắc tại trạm, **không phải cấp độ rủi ro thiên tai do cơ quan khí tượng công bố**; màu theo"
        " thang năm cấp của Quyết định 18/2021/QĐ-TTg (Điều 4). Bản tin chính thức luôn là bản tin của cơ"
        " quan khí tượng.",
        "Levels are those of the platform's rules at stations, **not risk levels announced by the weather"
        " service**; the"
        " colours follow the five-level scale of Decision 18/2021/QĐ-TTg, Article 4. Official warnings"
        " remain official.",
    ),
)

BOARD = Board(
    name="province_today",
    title=Words("Toàn tỉnh hôm nay", "Province today"),
    description=Words(
        "Nơi nào đang có cảnh báo, từ bao giờ, và trạm nào đang im lặng.",
        "Where an alert holds, since when, and which stations are silent.",
    ),
    span="now-48h",
    refresh="1m",
    variables=(queries.COMMUNE,),
    tags=("overview",),
    bands=(
        Band(None, _NUMBERS),
        Band(None, (_MAP, _ALERTS)),
        Band(None, (_BY_HAZARD, _SILENT_TABLE)),
        Band(None, (_COURSE, _DOUBTFUL, _NOTE)),
    ),
)
