"""Daily means and extremes against the thresholds of Vietnam's criteria."""

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import BarChart, HeatMap, StateTimeline, Table, TimeSeries
from dashboards.panel import Column
from dashboards.words import Words

# Rét đậm ≤ 15 °C and rét hại ≤ 13 °C of the daily mean, sương muối below 4 °C of the air, nắng nóng 35/37/39 °C of the
# daily maximum: analytics/rules has them with their sources.
_MEAN = palette.steps((13, palette.ORANGE), (15, palette.SKY), (20, palette.GREEN), base=palette.VERMILION)
_NIGHT = palette.steps((0, palette.PINK), (4, palette.SKY), (8, palette.GREEN), base=palette.VERMILION)
_DAY = palette.steps((35, palette.ORANGE), (37, palette.VERMILION), (39, palette.PINK))

_MEANS = TimeSeries(
    title=Words(
        "Nhiệt độ trung bình ngày: rét đậm 15, rét hại 13 °C", "Daily mean: severe cold 15, damaging cold 13 °C"
    ),
    sql=queries.index_lines("air_temperature_mean"),
    unit="celsius",
    thresholds=_MEAN,
    lines=True,
    bridge=3 * 86400,
)
_MINIMA = TimeSeries(
    title=Words("Nhiệt độ thấp nhất: sương muối dưới 4 °C", "Daily minimum: frost below 4 °C"),
    sql=queries.index_lines("air_temperature_minimum"),
    unit="celsius",
    thresholds=_NIGHT,
    lines=True,
    bridge=3 * 86400,
)
_MAXIMA = TimeSeries(
    title=Words("Nhiệt độ cao nhất: nắng nóng 35/37/39 °C", "Daily maximum: heat 35/37/39 °C"),
    sql=queries.index_lines("air_temperature_maximum"),
    unit="celsius",
    thresholds=_DAY,
    lines=True,
    bridge=3 * 86400,
)
_NOW = TimeSeries(
    title=Words("Nhiệt độ không khí", "Air temperature"),
    sql=queries.lines("air_temperature"),
    unit="celsius",
)
_TONIGHT = TimeSeries(
    title=Words("Dự báo thấp nhất đêm nay (từ số đo lúc chập tối)", "Forecast minimum of the coming night (from dusk)"),
    sql=queries.index_lines("frost_night_minimum_forecast"),
    unit="celsius",
    thresholds=_NIGHT,
    lines=True,
    bridge=3 * 86400,
)
_FELT = TimeSeries(
    title=Words(
        "Nóng bức với người (chỉ số nóng bức cao nhất ngày)", "Heat as people feel it (daily maximum heat index)"
    ),
    sql=queries.index_lines("heat_index_maximum"),
    unit="celsius",
    bridge=3 * 86400,
)
_DAYS = BarChart(
    title=Words("Số ngày trong khoảng xem", "Days within the time shown"),
    sql="SELECT name, count(*) FILTER (WHERE index = 'air_temperature_mean' AND value <= 15 AND value > 13) AS severe,"
    " count(*) FILTER (WHERE index = 'air_temperature_mean' AND value <= 13) AS damaging,"
    " count(*) FILTER (WHERE index = 'air_temperature_minimum' AND value < 4) AS frost,"
    " count(*) FILTER (WHERE index = 'air_temperature_maximum' AND value >= 35) AS hot FROM chart.index_value"
    " WHERE index IN ('air_temperature_mean', 'air_temperature_minimum', 'air_temperature_maximum')"
    " AND place IN (${station:sqlstring}) AND basis = 'observed' AND $__timeFilter(time) GROUP BY name ORDER BY name",
    height=10,
    columns={
        "severe": Column(title=Words("rét đậm", "severe cold"), color=palette.SKY),
        "damaging": Column(title=Words("rét hại", "damaging cold"), color=palette.BLUE),
        "frost": Column(title=Words("sương muối", "frost"), color=palette.PINK),
        "hot": Column(title=Words("nắng nóng", "heat"), color=palette.VERMILION),
    },
)
_NEWEST = Table(
    title=Words("Ngày gần nhất", "Newest day"),
    sql=queries.newest("air_temperature_mean", "air_temperature_minimum", "air_temperature_maximum"),
    height=10,
    sort=("air_temperature_minimum", False),
    columns={
        "name": columns.PLACE,
        "time": Column(title=Words("Ngày", "Day"), unit="dateTimeAsIso"),
        "air_temperature_mean": Column(title=Words("Trung bình", "Mean"), unit="celsius", decimals=1),
        "air_temperature_minimum": Column(title=Words("Thấp nhất", "Minimum"), unit="celsius", decimals=1),
        "air_temperature_maximum": Column(title=Words("Cao nhất", "Maximum"), unit="celsius", decimals=1),
    },
)
_MAP = HeatMap(
    title=Words("Trung bình ngày theo trạm", "Daily mean by station"),
    sql=queries.index_lines("air_temperature_mean"),
    unit="celsius",
    decimals=0,
    width=24,
)
_COURSE = StateTimeline(
    title=Words("Cảnh báo rét, sương muối, nắng nóng", "Alerts of cold, frost and heat"),
    sql=queries.levels("cold", "frost", "heat"),
    saying="levels",
    width=24,
)

BOARD = Board(
    name="cold_heat_frost",
    title=Words("Rét, nắng nóng, sương muối", "Cold, heat, frost"),
    description=Words(
        "Trung bình và cực trị ngày so với ngưỡng của Việt Nam.",
        "Daily means and extremes against Vietnam's thresholds.",
    ),
    span="now-30d",
    refresh="15m",
    variables=(queries.COMMUNE, queries.STATION),
    annotations=(queries.marks("cold", "frost", "heat"),),
    tags=("hazard",),
    bands=(
        Band(None, (_MEANS, _MINIMA, _MAXIMA, _NOW, _TONIGHT, _FELT)),
        Band(None, (_DAYS, _NEWEST, _MAP, _COURSE)),
    ),
)
