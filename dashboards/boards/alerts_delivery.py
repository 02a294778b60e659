"""Who was reached, how fast, at what cost, and how often we were right."""

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import BarChart, Stat, StateTimeline, Table, TimeSeries
from dashboards.panel import Column
from dashboards.words import Words

_STATES = {
    "delivered": Column(title=Words("alerts_delivery.delivered"), color=palette.GREEN),
    "sent": Column(title=Words("alerts_delivery.sent"), color=palette.SKY),
    "waiting": Column(title=Words("alerts_delivery.waiting"), color=palette.GREY),
    "failed": Column(title=Words("alerts_delivery.failed"), color=palette.VERMILION),
    "held_back": Column(title=Words("alerts_delivery.held_back"), color=palette.ORANGE),
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
        title=Words("alerts_delivery.messages"),
        sql=f"SELECT coalesce(sum(messages), 0) AS value {_IN_TIME}",
        thresholds=palette.steps(base=palette.BLUE),
    ),
    Stat(
        title=Words("alerts_delivery.delivered_or_sent"),
        sql="SELECT 100.0 * sum(messages) FILTER (WHERE state IN ('delivered', 'sent')) / nullif(sum(messages),"
        " 0) AS value"
        f" {_IN_TIME}",
        unit="percent",
        decimals=1,
        thresholds=palette.steps((90, palette.ORANGE), (97, palette.GREEN), base=palette.VERMILION),
    ),
    Stat(
        title=Words("alerts_delivery.cost"),
        sql=f"SELECT coalesce(sum(cost), 0) AS value {_IN_TIME}",
        unit="suffix: đ",
        decimals=0,
        thresholds=palette.steps(base=palette.BLUE),
    ),
    Stat(
        title=Words("alerts_delivery.mean_delay_sending"),
        sql=f"SELECT sum(seconds_to_send) / nullif(sum(sent), 0) AS value {_IN_TIME}",
        unit="s",
        decimals=1,
        thresholds=palette.steps((60, palette.ORANGE), (600, palette.VERMILION)),
    ),
    Stat(
        title=Words("alerts_delivery.subscribers"),
        sql="SELECT coalesce(sum(subscribers), 0) AS value FROM chart.reach",
        thresholds=palette.steps(base=palette.BLUE),
    ),
    Stat(
        title=Words("alerts_delivery.waiting_approval"),
        sql="SELECT count(*) AS value FROM chart.approval WHERE state = 'waiting'",
        thresholds=palette.steps((1, palette.ORANGE)),
    ),
)
_HOURS = TimeSeries(
    title=Words("alerts_delivery.messages_hour_outcome"),
    sql=f"SELECT time, {_BY_STATE} {_IN_TIME} GROUP BY time ORDER BY time",
    draw="bars",
    stacked=True,
    columns=_STATES,
)
_REACH = BarChart(
    title=Words("alerts_delivery.subscribers_place"),
    sql="SELECT name, sum(subscribers) AS subscribers FROM chart.reach GROUP BY name ORDER BY 2 DESC LIMIT 20",
    columns={"subscribers": Column(title=Words("alerts_delivery.subscribers"), color=palette.BLUE)},
)
_ROUTES = BarChart(
    title=Words("alerts_delivery.outcome_route"),
    sql=f"SELECT coalesce(nullif(route, ''), kind) AS name, {_BY_STATE} {_IN_TIME} GROUP BY 1 ORDER BY 1",
    stacked=True,
    columns=_STATES,
)
_COST = TimeSeries(
    title=Words("alerts_delivery.cost_day_hazard"),
    sql="SELECT date_trunc('day', time, 'Asia/Ho_Chi_Minh') AS time, hazard AS metric, sum(cost) AS value"
    f" {_IN_TIME} AND hazard <> '' GROUP BY 1, 2 ORDER BY 1",
    unit="suffix: đ",
    draw="bars",
    stacked=True,
    columns={name: Column(title=said) for name, said in columns.HAZARDS.items()},
)
_BUNDLES = Table(
    title=Words("alerts_delivery.bundles_people_reached"),
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
            title=Words("alerts_delivery.outcome"),
            saying={
                "expanded": Words("alerts_delivery.sent_out"),
                "stale": Words("alerts_delivery.stale"),
                "inhibited": Words("alerts_delivery.inhibited"),
                "nobody": Words("alerts_delivery.nobody_subscribed"),
                "published": Words("alerts_delivery.published_only"),
            },
        ),
        "people": Column(title=Words("alerts_delivery.people")),
        "reached": Column(title=Words("alerts_delivery.reached")),
        "failed": Column(title=Words("alerts_delivery.failed_2")),
        "cost": Column(title=Words("alerts_delivery.cost"), unit="suffix: đ", decimals=0),
        "seconds_to_acknowledge": Column(title=Words("alerts_delivery.acknowledged_after"), unit="s"),
    },
)
_TAKEN = BarChart(
    title=Words("alerts_delivery.time_acknowledgement_hazard"),
    sql="SELECT hazard AS name,"
    " (percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_acknowledge) / 60)::float8 AS median,"
    " (percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds_to_acknowledge) / 60)::float8 AS slow FROM chart.bundle"
    " WHERE $__timeFilter(time) AND seconds_to_acknowledge IS NOT NULL GROUP BY hazard ORDER BY 2 DESC",
    unit="m",
    decimals=0,
    columns={
        "name": columns.HAZARD,
        "median": Column(title=Words("alerts_delivery.half_within"), color=palette.BLUE),
        "slow": Column(title=Words("alerts_delivery.nine_ten_within"), color=palette.ORANGE),
    },
)
_UNTAKEN = Table(
    title=Words("alerts_delivery.not_acknowledged"),
    sql="SELECT time, level, hazard, commune_name, people, reached FROM chart.bundle WHERE $__timeFilter(time)"
    " AND seconds_to_acknowledge IS NULL AND kind IN ('open', 'raise') AND outcome = 'expanded' AND NOT exercise"
    " AND people > 0 ORDER BY level DESC, time DESC LIMIT 100",
    columns={
        "time": columns.AT,
        "level": columns.LEVEL,
        "hazard": columns.HAZARD,
        "commune_name": columns.COMMUNE,
        "people": Column(title=Words("alerts_delivery.people")),
        "reached": Column(title=Words("alerts_delivery.reached")),
    },
)
_SKILL = BarChart(
    title=Words("alerts_delivery.how_often_forecasts"),
    sql="SELECT rule AS name, sum(came_true) AS came_true, sum(false_alarms) AS false_alarms,"
    " sum(unannounced) AS unannounced FROM chart.skill WHERE $__timeFilter(time) GROUP BY rule ORDER BY rule",
    stacked=True,
    columns={
        "name": columns.RULE,
        "came_true": Column(title=Words("alerts_delivery.came_true"), color=palette.GREEN),
        "false_alarms": Column(title=Words("alerts_delivery.false_alarm"), color=palette.ORANGE),
        "unannounced": Column(title=Words("alerts_delivery.unannounced"), color=palette.BLUE),
    },
)
_RULES = Table(
    title=Words("alerts_delivery.rules_met"),
    sql="SELECT monitor.rule AS name, coalesce(monitor.index, 'none') AS held_against, met.days, met.hits, met.misses,"
    " met.false_alarms, 100.0 * met.hits / nullif(met.hits + met.misses, 0) AS pod,"
    " 100.0 * met.false_alarms / nullif(met.hits + met.false_alarms, 0) AS far,"
    " 100.0 * met.hits / nullif(met.hits + met.misses + met.false_alarms, 0) AS csi,"
    " 100.0 * met.in_time / nullif(met.hits, 0) AS in_time"
    " FROM chart.monitor AS monitor LEFT JOIN (SELECT rule, count(*) AS days,"
    " count(*) FILTER (WHERE came AND warned) AS hits, count(*) FILTER (WHERE came AND NOT warned) AS misses,"
    " count(*) FILTER (WHERE warned AND NOT came) AS false_alarms, count(*) FILTER (WHERE came AND in_time) AS in_time"
    " FROM chart.rule_day WHERE $__timeFilter(time) GROUP BY rule) AS met ON met.rule = monitor.rule"
    " WHERE monitor.enabled ORDER BY met.days IS NULL, monitor.index IS NULL, monitor.rule",
    width=24,
    height=12,
    columns={
        "name": columns.RULE,
        "held_against": Column(
            title=Words("alerts_delivery.held_against"), saying={"none": Words("alerts_delivery.no_observations")}
        ),
        "days": Column(title=Words("alerts_delivery.days_measured")),
        "hits": Column(title=Words("alerts_delivery.hits")),
        "misses": Column(title=Words("alerts_delivery.misses")),
        "false_alarms": Column(title=Words("alerts_delivery.false_alarm")),
        "pod": Column(title=Words("alerts_delivery.pod"), unit="percent", decimals=0),
        "far": Column(title=Words("alerts_delivery.far"), unit="percent", decimals=0),
        "csi": Column(title=Words("alerts_delivery.csi"), unit="percent", decimals=0),
        "in_time": Column(title=Words("alerts_delivery.in_time"), unit="percent", decimals=0),
    },
)
_STEPS = TimeSeries(
    title=Words("alerts_delivery.steps_alerts_kind"),
    sql="SELECT date_bin(greatest($__interval_ms * interval '1 millisecond', interval '1 hour'), known_at,"
    " 'epoch') AS time,"
    " kind AS metric, count(*) AS value FROM chart.alert_step WHERE $__timeFilter(known_at) GROUP BY 1, 2 ORDER BY 1",
    draw="bars",
    stacked=True,
    columns={
        "open": Column(title=Words("alerts_delivery.open"), color=palette.VERMILION),
        "raise": Column(title=Words("alerts_delivery.raise"), color=palette.ORANGE),
        "lower": Column(title=Words("alerts_delivery.lower"), color=palette.SKY),
        "update": Column(title=Words("alerts_delivery.update"), color=palette.BLUE),
        "renew": Column(title=Words("alerts_delivery.renew"), color=palette.PINK),
        "extend": Column(title=Words("alerts_delivery.extend"), color=palette.GREY),
        "end": Column(title=Words("alerts_delivery.end"), color=palette.GREEN),
        "cancel": Column(title=Words("alerts_delivery.cancel"), color=palette.GREY),
    },
)
_COURSE = StateTimeline(
    title=Words("alerts_delivery.alerts_commune_hazard"),
    sql=queries.levels("cold", "frost", "heat", "rain", "flood", "water", "wind", "storm"),
    saying="levels",
    width=24,
    height=10,
)

BOARD = Board(
    name="alerts_delivery",
    title=Words("alerts_delivery.alerts_delivery"),
    description=Words("alerts_delivery.alerts_delivery_about"),
    tags=("operation",),
    bands=(
        Band(None, _NUMBERS),
        Band(Words("alerts_delivery.messages"), (_HOURS, _ROUTES, _COST, _REACH, _BUNDLES)),
        Band(Words("alerts_delivery.alerts"), (_STEPS, _SKILL, _RULES, _TAKEN, _UNTAKEN, _COURSE)),
    ),
)
