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
    title=Words("cold_heat_frost.daily_mean_severe"),
    sql=queries.index_lines("air_temperature_mean"),
    unit="celsius",
    thresholds=_MEAN,
    lines=True,
    bridge=3 * 86400,
)
_MINIMA = TimeSeries(
    title=Words("cold_heat_frost.daily_minimum_frost"),
    sql=queries.index_lines("air_temperature_minimum"),
    unit="celsius",
    thresholds=_NIGHT,
    lines=True,
    bridge=3 * 86400,
)
_MAXIMA = TimeSeries(
    title=Words("cold_heat_frost.daily_maximum_heat"),
    sql=queries.index_lines("air_temperature_maximum"),
    unit="celsius",
    thresholds=_DAY,
    lines=True,
    bridge=3 * 86400,
)
_NOW = TimeSeries(
    title=Words("cold_heat_frost.air_temperature"),
    sql=queries.lines("air_temperature"),
    unit="celsius",
)
_TONIGHT = TimeSeries(
    title=Words("cold_heat_frost.forecast_minimum_coming"),
    sql=queries.index_lines("frost_night_minimum_forecast"),
    unit="celsius",
    thresholds=_NIGHT,
    lines=True,
    bridge=3 * 86400,
)
_FELT = TimeSeries(
    title=Words("cold_heat_frost.heat_as_people"),
    sql=queries.index_lines("heat_index_maximum"),
    unit="celsius",
    bridge=3 * 86400,
)
_DAYS = BarChart(
    title=Words("cold_heat_frost.days_within_time"),
    sql="SELECT name, count(*) FILTER (WHERE index = 'air_temperature_mean' AND value <= 15 AND value > 13) AS severe,"
    " count(*) FILTER (WHERE index = 'air_temperature_mean' AND value <= 13) AS damaging,"
    " count(*) FILTER (WHERE index = 'air_temperature_minimum' AND value < 4) AS frost,"
    " count(*) FILTER (WHERE index = 'air_temperature_maximum' AND value >= 35) AS hot FROM chart.index_value"
    " WHERE index IN ('air_temperature_mean', 'air_temperature_minimum', 'air_temperature_maximum')"
    " AND place IN (${station:sqlstring}) AND basis = 'observed' AND $__timeFilter(time) GROUP BY name ORDER BY name",
    height=10,
    columns={
        "severe": Column(title=Words("cold_heat_frost.severe_cold"), color=palette.SKY),
        "damaging": Column(title=Words("cold_heat_frost.damaging_cold"), color=palette.BLUE),
        "frost": Column(title=Words("cold_heat_frost.frost"), color=palette.PINK),
        "hot": Column(title=Words("cold_heat_frost.heat"), color=palette.VERMILION),
    },
)
_NEWEST = Table(
    title=Words("cold_heat_frost.newest_day"),
    sql=queries.newest("air_temperature_mean", "air_temperature_minimum", "air_temperature_maximum"),
    height=10,
    sort=("air_temperature_minimum", False),
    columns={
        "name": columns.PLACE,
        "time": Column(title=Words("cold_heat_frost.day"), unit="dateTimeAsIso"),
        "air_temperature_mean": Column(title=Words("cold_heat_frost.mean"), unit="celsius", decimals=1),
        "air_temperature_minimum": Column(title=Words("cold_heat_frost.minimum"), unit="celsius", decimals=1),
        "air_temperature_maximum": Column(title=Words("cold_heat_frost.maximum"), unit="celsius", decimals=1),
    },
)
_MAP = HeatMap(
    title=Words("cold_heat_frost.daily_mean_station"),
    sql=queries.index_lines("air_temperature_mean"),
    unit="celsius",
    decimals=0,
    width=24,
)
_COURSE = StateTimeline(
    title=Words("cold_heat_frost.alerts_cold_frost"),
    sql=queries.levels("cold", "frost", "heat"),
    saying="levels",
    width=24,
)

BOARD = Board(
    name="cold_heat_frost",
    title=Words("cold_heat_frost.cold_heat_frost"),
    description=Words("cold_heat_frost.cold_heat_frost_about"),
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
