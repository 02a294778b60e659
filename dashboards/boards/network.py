"""Gateways, silent sensors, clocks, batteries, backlog, quality by check."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import BarChart, HeatMap, Stat, Table, TimeSeries
from dashboards.panel import Column
from dashboards.words import Words, table

_LATE = "time < $__timeTo()::timestamptz - greatest(interval '1 hour', 3 * interval_seconds * interval '1 second')"
_ONLINE = table("online")


def _number(title: Words, sql: str, worst: float) -> Stat:
    return Stat(
        title=title,
        sql=sql,
        thresholds=palette.steps((1, palette.ORANGE), (worst, palette.VERMILION), base=palette.GREEN),
    )


_NUMBERS = (
    _number(
        Words("network.gateways_offline"),
        "SELECT count(*) AS value FROM chart.gateway WHERE NOT online AND NOT revoked",
        5,
    ),
    _number(
        Words("network.stations_silent_1"),
        "SELECT count(*) AS value FROM chart.station"
        " WHERE coalesce(heard, '-infinity') < $__timeTo()::timestamptz - interval '1 hour'",
        10,
    ),
    _number(
        Words("network.sensors_silent"),
        f"SELECT count(*) AS value FROM chart.latest WHERE {_LATE}",
        50,
    ),
    _number(
        Words("network.readings_waiting_gateways"),
        "SELECT coalesce(sum(waiting), 0) AS value FROM chart.gateway",
        10_000,
    ),
    _number(
        Words("network.set_aside_open"),
        "SELECT coalesce(sum(open), 0) AS value FROM chart.set_aside",
        1000,
    ),
    _number(
        Words("network.dropped_gateways"),
        "SELECT coalesce(sum(readings), 0) AS value FROM chart.dropped WHERE $__timeFilter(time)",
        10_000,
    ),
)
_GATEWAYS = Table(
    title=Words("network.gateways"),
    sql="SELECT gateway, online::text AS online, time, stations, waiting, oldest_waiting, clock_offset, signal,"
    " cpu_temperature, disk_free, firmware FROM chart.gateway WHERE NOT revoked ORDER BY gateway.online,"
    " waiting DESC NULLS LAST",
    width=24,
    columns={
        "gateway": Column(title=Words("network.gateway")),
        "online": Column(title=Words("network.network_2"), saying=_ONLINE),
        "time": Column(title=Words("network.last_status"), unit="dateTimeAsIso"),
        "stations": Column(title=Words("network.stations")),
        "waiting": Column(title=Words("network.waiting")),
        "oldest_waiting": Column(title=Words("network.oldest"), unit="dateTimeAsIso"),
        "clock_offset": Column(title=Words("network.clock_offset"), unit="s", decimals=1),
        "signal": Column(title=Words("network.signal"), unit="dBm", decimals=0),
        "cpu_temperature": Column(title=Words("network.cpu_temperature"), unit="celsius", decimals=0),
        "disk_free": Column(title=Words("network.card_free"), unit="bytes"),
        "firmware": Column(title=Words("network.version")),
    },
)
_SILENT = Table(
    title=Words("network.sensors_silent_longest"),
    sql="SELECT name, quantity, level AS depth, time, extract(epoch FROM $__timeTo()::timestamptz -"
    " time)::float8 AS silent,"
    f" station FROM chart.latest WHERE {_LATE} ORDER BY time LIMIT 100",
    height=10,
    columns={
        "name": columns.NAME,
        "quantity": columns.QUANTITY,
        "depth": Column(title=Words("network.level")),
        "time": Column(title=Words("network.last_heard"), unit="dateTimeAsIso"),
        "silent": Column(title=Words("network.silent"), unit="s"),
        "station": columns.STATION,
    },
)
_BATTERY = Table(
    title=Words("network.weakest_power"),
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
    title=Words("network.readings_received_hour"),
    description=Words("network.readings_received_hour_about"),
    sql="SELECT time, stream AS metric, sum(records) AS value FROM chart.received"
    f" WHERE {queries.LAST_MONTH} GROUP BY time, stream ORDER BY time",
    draw="bars",
    stacked=True,
    columns={
        "live": Column(title=Words("network.live"), color=palette.BLUE),
        "backlog": Column(title=Words("network.backlog"), color=palette.ORANGE),
        "import": Column(title=Words("network.import"), color=palette.GREY),
    },
)
_BY_CHECK = BarChart(
    title=Words("network.findings_check"),
    sql="SELECT quality_check.name, count(*) FILTER (WHERE finding.quality = 3) AS suspect,"
    " count(*) FILTER (WHERE finding.quality = 4) AS failed FROM chart.finding"
    " JOIN chart.quality_check ON (finding.flag >> quality_check.bit) & 1 = 1"
    " WHERE finding.time <= $__timeTo()::timestamptz AND finding.time_end >= $__timeFrom()::timestamptz"
    " GROUP BY quality_check.name, quality_check.bit ORDER BY quality_check.bit",
    stacked=True,
    columns={
        "name": Column(title=Words("network.check"), saying=columns.CHECKS),
        "suspect": Column(title=Words("network.suspect"), color=palette.ORANGE),
        "failed": Column(title=Words("network.fail"), color=palette.VERMILION),
    },
)
_ASIDE = BarChart(
    title=Words("network.set_aside_reason"),
    sql="SELECT reason AS name, sum(open) AS open, sum(records) - sum(open) AS replayed FROM chart.set_aside"
    " GROUP BY reason ORDER BY 2 DESC",
    stacked=True,
    columns={
        "name": Column(title=Words("network.reason"), saying=columns.REASONS),
        "open": Column(title=Words("network.open"), color=palette.ORANGE),
        "replayed": Column(title=Words("network.replayed"), color=palette.GREEN),
    },
)
_VOLTAGE = TimeSeries(
    title=Words("network.battery_voltage"),
    sql=queries.lines("battery_voltage"),
    unit="volt",
    decimals=1,
)
_PER_DAY = HeatMap(
    title=Words("network.readings_day_station"),
    sql="SELECT date_trunc('day', time, 'Asia/Ho_Chi_Minh') AS time, name AS metric,"
    f" sum(readings + doubtful_readings) AS value FROM chart.series({queries.STATIONS}, 'air_temperature',"
    " greatest($__timeFrom()::timestamptz, $__timeTo()::timestamptz - interval '62 days'), $__timeTo()::timestamptz,"
    " interval '1 day') GROUP BY 1, 2 ORDER BY 1",
    width=24,
    decimals=0,
)

BOARD = Board(
    name="network",
    title=Words("network.network"),
    description=Words("network.network_about"),
    span="now-7d",
    refresh="1m",
    variables=(queries.COMMUNE, queries.STATION),
    tags=("operation",),
    bands=(
        Band(None, _NUMBERS),
        Band(None, (_GATEWAYS, _SILENT, _BATTERY)),
        Band(Words("network.what_comes"), (_RECEIVED, _VOLTAGE, _PER_DAY)),
        Band(Words("network.quality"), (_BY_CHECK, _ASIDE)),
    ),
)
