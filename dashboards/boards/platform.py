"""What waits, how large it has grown, who is connected; as the tables themselves tell."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import BarChart, Stat, Table, TimeSeries
from dashboards.panel import Column
from dashboards.words import Capital, Words, table

_WORK = table("work")


def _waiting(kind: str, worst: float) -> Stat:
    return Stat(
        title=Capital(_WORK[kind].place),
        sql=f"SELECT waiting AS value FROM chart.work WHERE kind = '{kind}'",
        thresholds=palette.steps((worst / 10, palette.ORANGE), (worst, palette.VERMILION), base=palette.BLUE),
    )


_NUMBERS = (
    _waiting("mark", 10_000),
    _waiting("touched", 10_000),
    _waiting("delivery", 1000),
    _waiting("inbound", 1000),
    _waiting("request", 10),
    Stat(
        title=Words("platform.size_disk"),
        sql="SELECT sum(bytes) AS value FROM chart.sizes()",
        unit="bytes",
        thresholds=palette.steps(base=palette.BLUE),
    ),
)
_QUEUES = Table(
    title=Words("platform.what_waits"),
    sql="SELECT kind, waiting, oldest FROM chart.work ORDER BY kind",
    columns={
        "kind": Column(title=Words("platform.work"), saying=_WORK),
        "waiting": Column(title=Words("platform.waiting")),
        "oldest": Column(title=Words("platform.oldest"), unit="dateTimeAsIso"),
    },
)
_SIZES = BarChart(
    title=Words("platform.largest_tables"),
    sql="SELECT name, bytes FROM chart.sizes() ORDER BY bytes DESC LIMIT 12",
    unit="bytes",
    columns={"bytes": Column(title=Words("platform.size"), color=palette.BLUE)},
)
_PACKS = TimeSeries(
    title=Words("platform.packs_hour_stream"),
    description=Words("platform.packs_hour_stream_about"),
    sql="SELECT time, stream AS metric, sum(packs) AS value FROM chart.received"
    f" WHERE {queries.LAST_MONTH} GROUP BY time, stream ORDER BY time",
    draw="bars",
    stacked=True,
    columns={
        "live": Column(title=Words("platform.live"), color=palette.BLUE),
        "backlog": Column(title=Words("platform.backlog"), color=palette.ORANGE),
        "import": Column(title=Words("platform.import"), color=palette.GREY),
    },
)
_DELAY = Table(
    title=Words("platform.delay_measuring_receiving"),
    description=Words("platform.delay_measuring_receiving_about"),
    sql="SELECT name, extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY received_at -"
    " time))::float8 AS median,"
    " extract(epoch FROM max(received_at - time))::float8 AS greatest, station FROM chart.latest"
    " WHERE received_at IS NOT NULL GROUP BY station, name ORDER BY 2 DESC LIMIT 30",
    columns={
        "name": columns.NAME,
        "median": Column(title=Words("platform.median"), unit="s"),
        "greatest": Column(title=Words("platform.greatest"), unit="s"),
        "station": columns.STATION,
    },
)
_CONNECTIONS = BarChart(
    title=Words("platform.connections_database"),
    sql="SELECT process AS name, sum(connections) FILTER (WHERE state = 'active') AS active,"
    " sum(connections) FILTER (WHERE state = 'idle') AS idle,"
    " sum(connections) FILTER (WHERE state NOT IN ('active', 'idle')) AS other FROM chart.connections()"
    " GROUP BY process ORDER BY 1",
    stacked=True,
    columns={
        "active": Column(title=Words("platform.active"), color=palette.VERMILION),
        "idle": Column(title=Words("platform.idle"), color=palette.SKY),
        "other": Column(title=Words("platform.other"), color=palette.GREY),
    },
)
_INDICES = TimeSeries(
    title=Words("platform.index_values_each"),
    description=Words("platform.index_values_each_about"),
    sql="SELECT date_trunc('day', time, 'Asia/Ho_Chi_Minh') AS time, count(*) AS values FROM"
    " chart.index_value"
    f" WHERE basis = 'observed' AND {queries.LAST_MONTH} GROUP BY 1 ORDER BY 1",
    draw="bars",
    columns={"values": Column(title=Words("platform.values"), color=palette.GREEN)},
)

BOARD = Board(
    name="platform",
    title=Words("platform.platform"),
    description=Words("platform.platform_about"),
    refresh="30s",
    tags=("operation",),
    bands=(
        Band(None, _NUMBERS),
        Band(None, (_QUEUES, _SIZES, _PACKS, _INDICES, _DELAY, _CONNECTIONS)),
    ),
)
