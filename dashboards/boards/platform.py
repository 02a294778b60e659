"""What waits, how large it has grown, who is connected; as the tables themselves tell."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import BarChart, Stat, Table, TimeSeries
from dashboards.panel import Column
from dashboards.words import Words

_WORK = {
    "mark": Words("ngày cần tính lại (mark)", "place-days to recompute (mark)"),
    "lease": Words("đang tính (lease)", "being computed (lease)"),
    "touched": Words("bảng gộp cần cập nhật", "rollups to refresh"),
    "due analytics": Words("đến hạn: phân tích", "due: analytics"),
    "due notify": Words("đến hạn: nhắn tin", "due: notify"),
    "request": Words("yêu cầu", "requests"),
    "delivery": Words("tin nhắn chờ gửi", "messages to send"),
    "inbound": Words("tin đến chờ đọc", "inbound to read"),
    "approval": Words("chờ người duyệt", "waiting for a person"),
}


def _waiting(kind: str, worst: float) -> Stat:
    words = _WORK[kind]
    return Stat(
        title=Words(words.vi[:1].upper() + words.vi[1:], words.en[:1].upper() + words.en[1:]),
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
        title=Words("Dung lượng", "Size on disk"),
        sql="SELECT sum(bytes) AS value FROM chart.sizes()",
        unit="bytes",
        thresholds=palette.steps(base=palette.BLUE),
    ),
)
_QUEUES = Table(
    title=Words("Việc đang chờ", "What waits"),
    sql="SELECT kind, waiting, oldest FROM chart.work ORDER BY kind",
    columns={
        "kind": Column(title=Words("Việc", "Work"), saying=_WORK),
        "waiting": Column(title=Words("Đang chờ", "Waiting")),
        "oldest": Column(title=Words("Cũ nhất", "Oldest"), unit="dateTimeAsIso"),
    },
)
_SIZES = BarChart(
    title=Words("Bảng lớn nhất", "Largest tables"),
    sql="SELECT name, bytes FROM chart.sizes() ORDER BY bytes DESC LIMIT 12",
    unit="bytes",
    columns={"bytes": Column(title=Words("Dung lượng", "Size"), color=palette.BLUE)},
)
_PACKS = TimeSeries(
    title=Words("Gói mỗi giờ theo luồng", "Packs an hour by stream"),
    description=Words("31 ngày cuối của khoảng xem.", "Of the last 31 days shown."),
    sql="SELECT time, stream AS metric, sum(packs) AS value FROM chart.received"
    f" WHERE {queries.LAST_MONTH} GROUP BY time, stream ORDER BY time",
    draw="bars",
    stacked=True,
    columns={
        "live": Column(title=Words("trực tiếp", "live"), color=palette.BLUE),
        "backlog": Column(title=Words("bù", "backlog"), color=palette.ORANGE),
        "import": Column(title=Words("nhập tệp", "import"), color=palette.GREY),
    },
)
_DELAY = Table(
    title=Words("Chậm từ lúc đo đến lúc nhận", "Delay from measuring to receiving"),
    description=Words(
        "Của số đo mới nhất mỗi trạm; vô nghĩa khi phát lại số liệu cũ.",
        "Of each station's newest values; meaningless while old data are replayed.",
    ),
    sql="SELECT name, extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY received_at -"
    " time))::float8 AS median,"
    " extract(epoch FROM max(received_at - time))::float8 AS greatest, station FROM chart.latest"
    " WHERE received_at IS NOT NULL GROUP BY station, name ORDER BY 2 DESC LIMIT 30",
    columns={
        "name": columns.NAME,
        "median": Column(title=Words("Trung vị", "Median"), unit="s"),
        "greatest": Column(title=Words("Lớn nhất", "Greatest"), unit="s"),
        "station": columns.STATION,
    },
)
_CONNECTIONS = BarChart(
    title=Words("Kết nối tới cơ sở dữ liệu", "Connections to the database"),
    sql="SELECT process AS name, sum(connections) FILTER (WHERE state = 'active') AS active,"
    " sum(connections) FILTER (WHERE state = 'idle') AS idle,"
    " sum(connections) FILTER (WHERE state NOT IN ('active', 'idle')) AS other FROM chart.connections()"
    " GROUP BY process ORDER BY 1",
    stacked=True,
    columns={
        "active": Column(title=Words("đang chạy", "active"), color=palette.VERMILION),
        "idle": Column(title=Words("nghỉ", "idle"), color=palette.SKY),
        "other": Column(title=Words("khác", "other"), color=palette.GREY),
    },
)
_INDICES = TimeSeries(
    title=Words("Giá trị chỉ số tính được mỗi ngày", "Index values of each day"),
    description=Words("31 ngày cuối của khoảng xem.", "Of the last 31 days shown."),
    sql="SELECT date_trunc('day', time, 'Asia/Ho_Chi_Minh') AS time, count(*) AS values FROM"
    " chart.index_value"
    f" WHERE basis = 'observed' AND {queries.LAST_MONTH} GROUP BY 1 ORDER BY 1",
    draw="bars",
    columns={"values": Column(title=Words("giá trị", "values"), color=palette.GREEN)},
)

BOARD = Board(
    name="platform",
    title=Words("Nền tảng", "Platform"),
    description=Words(
        "Việc gì đang chờ, đã lớn đến đâu, ai đang nối vào; đọc từ chính các bảng.",
        "What waits, how large it has grown, who is connected; as the tables themselves tell.",
    ),
    refresh="30s",
    tags=("operation",),
    bands=(
        Band(None, _NUMBERS),
        Band(None, (_QUEUES, _SIZES, _PACKS, _INDICES, _DELAY, _CONNECTIONS)),
    ),
)
