"""Who was reached, how fast, at what cost, and how often we were right."""

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import BarChart, Stat, StateTimeline, Table, TimeSeries
from dashboards.panel import Column
from dashboards.words import Words

_STATES = {
    "delivered": Column(title=Words("✓ đã nhận", "✓ delivered"), color=palette.GREEN),
    "sent": Column(title=Words("→ đã gửi", "→ sent"), color=palette.SKY),
    "waiting": Column(title=Words("… đang chờ", "… waiting"), color=palette.GREY),
    "failed": Column(title=Words("✕ không gửi được", "✕ failed"), color=palette.VERMILION),
    "held_back": Column(title=Words("‖ bị giữ lại", "‖ held back"), color=palette.ORANGE),
}
_BY_STATE = (
    "sum(messages) FILTER (WHERE state = 'delivered') AS delivered, sum(messages) FILTER (WHERE state ="
    " 'sent') AS sent,"
    " sum(messages) FILTER (WHERE state IN ('queued', 'held', 'sending')) AS waiting,"
    " sum(messages) FILTER (WHERE state IN ('failed', 'expired', 'doubtful')) AS failed,"
    " sum(messages) FILTER (WHERE state IN ('capped', 'withdrawn')) AS held_back"
)
_IN_TIME = "FROM chart.delivery WHERE $__timeFilter(time)"

_NUMBERS = (
    Stat(
        title=Words("Tin nhắn", "Messages"),
        sql=f"SELECT coalesce(sum(messages), 0) AS value {_IN_TIME}",
        thresholds=palette.steps(base=palette.BLUE),
    ),
    Stat(
        title=Words("Tới nơi", "Delivered or sent"),
        sql="SELECT 100.0 * sum(messages) FILTER (WHERE state IN ('delivered', 'sent')) / nullif(sum(messages),"
        " 0) AS value"
        f" {_IN_TIME}",
        unit="percent",
        decimals=1,
        thresholds=palette.steps((90, palette.ORANGE), (97, palette.GREEN), base=palette.VERMILION),
    ),
    Stat(
        title=Words("Chi phí", "Cost"),
        sql=f"SELECT coalesce(sum(cost), 0) AS value {_IN_TIME}",
        unit="suffix: đ",
        decimals=0,
        thresholds=palette.steps(base=palette.BLUE),
    ),
    Stat(
        title=Words("Trung bình tới lúc gửi", "Mean delay to sending"),
        sql=f"SELECT sum(seconds_to_send) / nullif(sum(sent), 0) AS value {_IN_TIME}",
        unit="s",
        decimals=1,
        thresholds=palette.steps((60, palette.ORANGE), (600, palette.VERMILION)),
    ),
    Stat(
        title=Words("Người đăng ký", "Subscribers"),
        sql="SELECT coalesce(sum(subscribers), 0) AS value FROM chart.reach",
        thresholds=palette.steps(base=palette.BLUE),
    ),
    Stat(
        title=Words("Chờ người duyệt", "Waiting for approval"),
        sql="SELECT count(*) AS value FROM chart.approval WHERE state = 'waiting'",
        thresholds=palette.steps((1, palette.ORANGE)),
    ),
)
_HOURS = TimeSeries(
    title=Words("Tin nhắn theo giờ và kết quả", "Messages by hour and outcome"),
    sql=f"SELECT time, {_BY_STATE} {_IN_TIME} GROUP BY time ORDER BY time",
    draw="bars",
    stacked=True,
    columns=_STATES,
)
_REACH = BarChart(
    title=Words("Người đăng ký theo nơi", "Subscribers by place"),
    sql="SELECT name, sum(subscribers) AS subscribers FROM chart.reach GROUP BY name ORDER BY 2 DESC LIMIT 20",
    columns={"subscribers": Column(title=Words("Người đăng ký", "Subscribers"), color=palette.BLUE)},
)
_ROUTES = BarChart(
    title=Words("Kết quả theo đường gửi", "Outcome by route"),
    sql=f"SELECT coalesce(nullif(route, ''), kind) AS name, {_BY_STATE} {_IN_TIME} GROUP BY 1 ORDER BY 1",
    stacked=True,
    columns=_STATES,
)
_COST = TimeSeries(
    title=Words("Chi phí theo ngày và thiên tai", "Cost by day and hazard"),
    sql="SELECT date_trunc('day', time, 'Asia/Ho_Chi_Minh') AS time, hazard AS metric, sum(cost) AS value"
    f" {_IN_TIME} AND hazard <> '' GROUP BY 1, 2 ORDER BY 1",
    unit="suffix: đ",
    draw="bars",
    stacked=True,
    columns={name: Column(title=said) for name, said in columns.HAZARDS.items()},
)
_BUNDLES = Table(
    title=Words(
        "Đợt tin: tới bao nhiêu người, bao lâu có người nhận việc", "Bundles: people reached, time to acknowledgement"
    ),
    sql="SELECT time, level, hazard, commune_name, outcome, people, reached, failed, cost, seconds_to_acknowledge"
    " FROM chart.bundle WHERE $__timeFilter(time) ORDER BY time DESC LIMIT 200",
    width=24,
    height=10,
    columns={
        "time": columns.AT,
        "level": columns.LEVEL,
        "hazard": columns.HAZARD,
        "commune_name": columns.COMMUNE,
        "outcome": Column(
            title=Words("Xử lý", "Outcome"),
            saying={
                "expanded": Words("đã gửi", "sent out"),
                "stale": Words("đã cũ", "stale"),
                "inhibited": Words("không cần nhắc lại", "inhibited"),
                "nobody": Words("không ai đăng ký", "nobody subscribed"),
                "published": Words("chỉ đăng tải", "published only"),
            },
        ),
        "people": Column(title=Words("Người", "People")),
        "reached": Column(title=Words("Tới được", "Reached")),
        "failed": Column(title=Words("✕ Không tới", "✕ Failed")),
        "cost": Column(title=Words("Chi phí", "Cost"), unit="suffix: đ", decimals=0),
        "seconds_to_acknowledge": Column(title=Words("Có người nhận việc sau", "Acknowledged after"), unit="s"),
    },
)
_TAKEN = BarChart(
    title=Words("Bao lâu có người nhận việc, theo thiên tai", "Time to acknowledgement by hazard"),
    sql="SELECT hazard AS name,"
    " (percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_acknowledge) / 60)::float8 AS median,"
    " (percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds_to_acknowledge) / 60)::float8 AS slow FROM chart.bundle"
    " WHERE $__timeFilter(time) AND seconds_to_acknowledge IS NOT NULL GROUP BY hazard ORDER BY 2 DESC",
    unit="m",
    decimals=0,
    columns={
        "name": columns.HAZARD,
        "median": Column(title=Words("một nửa trong", "half within"), color=palette.BLUE),
        "slow": Column(title=Words("chín phần mười trong", "nine in ten within"), color=palette.ORANGE),
    },
)
_UNTAKEN = Table(
    title=Words("Chưa ai nhận việc", "Not acknowledged"),
    sql="SELECT time, level, hazard, commune_name, people, reached FROM chart.bundle WHERE $__timeFilter(time)"
    " AND seconds_to_acknowledge IS NULL AND kind IN ('open', 'raise') AND outcome = 'expanded' AND NOT exercise"
    " AND people > 0 ORDER BY level DESC, time DESC LIMIT 100",
    columns={
        "time": columns.AT,
        "level": columns.LEVEL,
        "hazard": columns.HAZARD,
        "commune_name": columns.COMMUNE,
        "people": Column(title=Words("Người", "People")),
        "reached": Column(title=Words("Tới được", "Reached")),
    },
)
_SKILL = BarChart(
    title=Words("Dự báo đúng đến đâu", "How often forecasts were right"),
    sql="SELECT rule AS name, sum(came_true) AS came_true, sum(false_alarms) AS false_alarms,"
    " sum(unannounced) AS unannounced FROM chart.skill WHERE $__timeFilter(time) GROUP BY rule ORDER BY rule",
    stacked=True,
    columns={
        "name": columns.RULE,
        "came_true": Column(title=Words("✓ đã xảy ra", "✓ came true"), color=palette.GREEN),
        "false_alarms": Column(title=Words("✕ báo nhầm", "✕ false alarm"), color=palette.ORANGE),
        "unannounced": Column(title=Words("! không báo trước", "! unannounced"), color=palette.BLUE),
    },
)
_STEPS = TimeSeries(
    title=Words("Bước cảnh báo theo loại", "Steps of alerts by kind"),
    sql="SELECT date_bin(greatest($__interval_ms * interval '1 millisecond', interval '1 hour'), known_at,"
    " 'epoch') AS time,"
    " kind AS metric, count(*) AS value FROM chart.alert_step WHERE $__timeFilter(known_at) GROUP BY 1, 2 ORDER BY 1",
    draw="bars",
    stacked=True,
    columns={
        "open": Column(title=Words("mở", "open"), color=palette.VERMILION),
        "raise": Column(title=Words("nâng cấp", "raise"), color=palette.ORANGE),
        "lower": Column(title=Words("hạ cấp", "lower"), color=palette.SKY),
        "update": Column(title=Words("cập nhật", "update"), color=palette.BLUE),
        "renew": Column(title=Words("nhắc còn kéo dài", "renew"), color=palette.PINK),
        "extend": Column(title=Words("gia hạn", "extend"), color=palette.GREY),
        "end": Column(title=Words("kết thúc", "end"), color=palette.GREEN),
        "cancel": Column(title=Words("huỷ", "cancel"), color=palette.GREY),
    },
)
_COURSE = StateTimeline(
    title=Words("Cảnh báo theo xã và thiên tai", "Alerts by commune and hazard"),
    sql=queries.levels("cold", "frost", "heat", "rain", "flood", "water", "wind", "storm"),
    saying="levels",
    width=24,
    height=10,
)

BOARD = Board(
    name="alerts_delivery",
    title=Words("Cảnh báo và tin nhắn", "Alerts and delivery"),
    description=Words(
        "Tới được bao nhiêu người, nhanh chậm, chi phí, đúng sai. Chỉ có con số, không có tên hay số điện thoại.",
        "Who was reached, how fast, at what cost, how often right. Numbers only: no names, no phone numbers.",
    ),
    tags=("operation",),
    bands=(
        Band(None, _NUMBERS),
        Band(Words("Tin nhắn", "Messages"), (_HOURS, _ROUTES, _COST, _REACH, _BUNDLES)),
        Band(Words("Cảnh báo", "Alerts"), (_STEPS, _SKILL, _TAKEN, _UNTAKEN, _COURSE)),
    ),
)
