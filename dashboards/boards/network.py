"""Gateways, silent sensors, clocks, batteries, backlog, quality by check."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import BarChart, HeatMap, Stat, Table, TimeSeries
from dashboards.panel import Column
from dashboards.words import Words

_LATE = "time < $__timeTo()::timestamptz - greatest(interval '1 hour', 3 * interval_seconds * interval '1 second')"
_ONLINE = {"true": Words("● có mạng", "● online"), "false": Words("○ mất mạng", "○ offline")}


def _number(title: Words, sql: str, worst: float) -> Stat:
    return Stat(
        title=title,
        sql=sql,
        thresholds=palette.steps((1, palette.ORANGE), (worst, palette.VERMILION), base=palette.GREEN),
    )


_NUMBERS = (
    _number(
        Words("Bộ thu mất mạng", "Gateways offline"),
        "SELECT count(*) AS value FROM chart.gateway WHERE NOT online AND NOT revoked",
        5,
    ),
    _number(
        Words("Trạm im lặng > 1 giờ", "Stations silent > 1 h"),
        "SELECT count(*) AS value FROM chart.station"
        " WHERE coalesce(heard, '-infinity') < $__timeTo()::timestamptz - interval '1 hour'",
        10,
    ),
    _number(
        Words("Cảm biến im lặng", "Sensors silent"),
        f"SELECT count(*) AS value FROM chart.latest WHERE {_LATE}",
        50,
    ),
    _number(
        Words("Bản ghi chờ ở bộ thu", "Readings waiting at gateways"),
        "SELECT coalesce(sum(waiting), 0) AS value FROM chart.gateway",
        10_000,
    ),
    _number(
        Words("Để riêng chưa xử lý", "Set aside, open"),
        "SELECT coalesce(sum(open), 0) AS value FROM chart.set_aside",
        1000,
    ),
    _number(
        Words("Bộ thu phải bỏ", "Dropped by gateways"),
        "SELECT coalesce(sum(readings), 0) AS value FROM chart.dropped WHERE $__timeFilter(time)",
        10_000,
    ),
)
_GATEWAYS = Table(
    title=Words("Bộ thu", "Gateways"),
    sql="SELECT gateway, online::text AS online, time, stations, waiting, oldest_waiting, clock_offset, signal,"
    " cpu_temperature, disk_free, firmware FROM chart.gateway WHERE NOT revoked ORDER BY gateway.online,"
    " waiting DESC NULLS LAST",
    width=24,
    columns={
        "gateway": Column(title=Words("Bộ thu", "Gateway")),
        "online": Column(title=Words("Mạng", "Network"), saying=_ONLINE),
        "time": Column(title=Words("Tin cuối", "Last status"), unit="dateTimeAsIso"),
        "stations": Column(title=Words("Trạm", "Stations")),
        "waiting": Column(title=Words("Đang chờ gửi", "Waiting")),
        "oldest_waiting": Column(title=Words("Cũ nhất", "Oldest"), unit="dateTimeAsIso"),
        "clock_offset": Column(title=Words("Lệch giờ", "Clock offset"), unit="s", decimals=1),
        "signal": Column(title=Words("Sóng", "Signal"), unit="dBm", decimals=0),
        "cpu_temperature": Column(title=Words("Nhiệt độ CPU", "CPU temperature"), unit="celsius", decimals=0),
        "disk_free": Column(title=Words("Thẻ còn trống", "Card free"), unit="bytes"),
        "firmware": Column(title=Words("Phiên bản", "Version")),
    },
)
_SILENT = Table(
    title=Words("Cảm biến im lặng lâu nhất", "Sensors silent the longest"),
    sql="SELECT name, quantity, level AS depth, time, extract(epoch FROM $__timeTo()::timestamptz -"
    " time)::float8 AS silent,"
    f" station FROM chart.latest WHERE {_LATE} ORDER BY time LIMIT 100",
    height=10,
    columns={
        "name": columns.NAME,
        "quantity": columns.QUANTITY,
        "depth": Column(title=Words("Mức", "Level")),
        "time": Column(title=Words("Tin cuối", "Last heard"), unit="dateTimeAsIso"),
        "silent": Column(title=Words("Đã im lặng", "Silent for"), unit="s"),
        "station": columns.STATION,
    },
)
_BATTERY = Table(
    title=Words("Nguồn yếu nhất", "Weakest power"),
    sql="SELECT name, max(value) FILTER (WHERE quantity = 'battery_voltage') AS battery_voltage,"
    " max(value) FILTER (WHERE quantity = 'battery_level') AS battery_level,"
    " max(value) FILTER (WHERE quantity = 'signal_strength') AS signal_strength, station FROM chart.latest"
    " WHERE quantity IN ('battery_voltage', 'battery_level', 'signal_strength') GROUP BY station, name"
    " ORDER BY battery_voltage NULLS LAST LIMIT 100",
    height=10,
    columns={
        "name": columns.NAME,
        "battery_voltage": columns.of("battery_voltage"),
        "battery_level": columns.of("battery_level"),
        "signal_strength": columns.of("signal_strength"),
        "station": columns.STATION,
    },
)
_RECEIVED = TimeSeries(
    title=Words("Bản ghi nhận mỗi giờ", "Readings received an hour"),
    description=Words(
        "Theo giờ thật của máy chủ; 31 ngày cuối của khoảng xem.",
        "By the server's real time, of the last 31 days shown.",
    ),
    sql="SELECT time, stream AS metric, sum(records) AS value FROM chart.received"
    f" WHERE {queries.LAST_MONTH} GROUP BY time, stream ORDER BY time",
    draw="bars",
    stacked=True,
    columns={
        "live": Column(title=Words("trực tiếp", "live"), color=palette.BLUE),
        "backlog": Column(title=Words("bù", "backlog"), color=palette.ORANGE),
        "import": Column(title=Words("nhập tệp", "import"), color=palette.GREY),
    },
)
_BY_CHECK = BarChart(
    title=Words("Phát hiện theo phép kiểm tra", "Findings by check"),
    sql="SELECT quality_check.name, count(*) FILTER (WHERE finding.quality = 3) AS suspect,"
    " count(*) FILTER (WHERE finding.quality = 4) AS failed FROM chart.finding"
    " JOIN chart.quality_check ON (finding.flag >> quality_check.bit) & 1 = 1"
    " WHERE finding.time <= $__timeTo()::timestamptz AND finding.time_end >= $__timeFrom()::timestamptz"
    " GROUP BY quality_check.name, quality_check.bit ORDER BY quality_check.bit",
    stacked=True,
    columns={
        "name": Column(title=Words("Kiểm tra", "Check"), saying=columns.CHECKS),
        "suspect": Column(title=Words("? nghi ngờ", "? suspect"), color=palette.ORANGE),
        "failed": Column(title=Words("✕ sai", "✕ fail"), color=palette.VERMILION),
    },
)
_ASIDE = BarChart(
    title=Words("Để riêng theo lý do", "Set aside by reason"),
    sql="SELECT reason AS name, sum(open) AS open, sum(records) - sum(open) AS replayed FROM chart.set_aside"
    " GROUP BY reason ORDER BY 2 DESC",
    stacked=True,
    columns={
        "name": Column(title=Words("Lý do", "Reason"), saying=columns.REASONS),
        "open": Column(title=Words("○ chưa xử lý", "○ open"), color=palette.ORANGE),
        "replayed": Column(title=Words("✓ đã nạp lại", "✓ replayed"), color=palette.GREEN),
    },
)
_VOLTAGE = TimeSeries(
    title=Words("Điện áp ắc quy", "Battery voltage"),
    sql=queries.lines("battery_voltage"),
    unit="volt",
    decimals=1,
)
_PER_DAY = HeatMap(
    title=Words("Số đo mỗi ngày theo trạm", "Readings a day by station"),
    sql="SELECT date_trunc('day', time, 'Asia/Ho_Chi_Minh') AS time, name AS metric,"
    f" sum(readings + doubtful_readings) AS value FROM chart.series({queries.STATIONS}, 'air_temperature',"
    " greatest($__timeFrom()::timestamptz, $__timeTo()::timestamptz - interval '62 days'), $__timeTo()::timestamptz,"
    " interval '1 day') GROUP BY 1, 2 ORDER BY 1",
    width=24,
    decimals=0,
)

BOARD = Board(
    name="network",
    title=Words("Mạng trạm", "Network"),
    description=Words(
        "Bộ thu, cảm biến im lặng, đồng hồ, nguồn, số liệu tồn, chất lượng theo phép kiểm tra.",
        "Gateways, silent sensors, clocks, power, backlog, quality by check.",
    ),
    span="now-7d",
    refresh="1m",
    variables=(queries.COMMUNE, queries.STATION),
    tags=("operation",),
    bands=(
        Band(None, _NUMBERS),
        Band(None, (_GATEWAYS, _SILENT, _BATTERY)),
        Band(Words("Số liệu về", "What comes in"), (_RECEIVED, _VOLTAGE, _PER_DAY)),
        Band(Words("Chất lượng", "Quality"), (_BY_CHECK, _ASIDE)),
    ),
)
