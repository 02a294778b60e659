"""Heat and cold as animals feel them."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import HeatMap, StateTimeline, Table, TimeSeries
from dashboards.panel import Column
from dashboards.words import Words

# Livestock safety index: alert 75, danger 79, emergency 84; grazing ends below 12 °C, housing below 15 °C (guidance of
# Vietnam's livestock authorities as the press quotes it): analytics has the sources.
_THI = palette.steps((75, palette.ORANGE), (79, palette.VERMILION), (84, palette.PINK))
_COLD = palette.steps((12, palette.ORANGE), (15, palette.GREEN), base=palette.VERMILION)

_HEAT = TimeSeries(
    title=Words("livestock.daily_maximum_thi"),
    sql=queries.index_lines("temperature_humidity_index_maximum"),
    thresholds=_THI,
    lines=True,
    bridge=3 * 86400,
)
_NOW = TimeSeries(
    title=Words("livestock.thi_nrc_1971"),
    description=Words("livestock.thi_nrc_1971_about"),
    sql="SELECT warm.time, warm.name AS metric, (1.8 * warm.value + 32) - (0.55 - 0.0055 * damp.value)"
    " * (1.8 * warm.value - 26) AS value"
    f" FROM chart.series({queries.STATIONS}, 'air_temperature', {queries.SPAN}) AS warm"
    f" JOIN chart.series({queries.STATIONS}, 'relative_humidity', {queries.SPAN}) AS damp"
    " ON damp.time = warm.time AND damp.station = warm.station WHERE warm.level = damp.level ORDER BY 1",
    thresholds=_THI,
    lines=True,
)
_HOURS = HeatMap(
    title=Words("livestock.hours_heat_load"),
    sql=queries.index_lines("heat_load_hours_pig"),
    unit="h",
)
_CHILL = TimeSeries(
    title=Words("livestock.daily_minimum_grazing"),
    sql=queries.index_lines("air_temperature_minimum"),
    unit="celsius",
    thresholds=_COLD,
    lines=True,
    bridge=3 * 86400,
)
_FELT = TimeSeries(
    title=Words("livestock.hours_cold_load"),
    sql=queries.index_lines("livestock_cold_hours"),
    unit="h",
    bridge=3 * 86400,
)
_NEWEST = Table(
    title=Words("livestock.newest_day"),
    sql=queries.newest(
        "temperature_humidity_index_maximum",
        "air_temperature_maximum",
        "relative_humidity_mean",
        "air_temperature_minimum",
    ),
    columns={
        "name": columns.PLACE,
        "time": Column(title=Words("livestock.day"), unit="dateTimeAsIso"),
        "temperature_humidity_index_maximum": Column(title=Words("livestock.highest_thi"), decimals=0),
        "air_temperature_maximum": Column(title=Words("livestock.maximum"), unit="celsius", decimals=1),
        "relative_humidity_mean": Column(title=Words("livestock.humidity"), unit="percent", decimals=0),
        "air_temperature_minimum": Column(title=Words("livestock.minimum"), unit="celsius", decimals=1),
    },
)
_COURSE = StateTimeline(
    title=Words("livestock.alerts_cold_heat"),
    sql=queries.levels("livestock_cold", "livestock_heat", "cold", "heat"),
    saying="levels",
    width=24,
)

BOARD = Board(
    name="livestock",
    title=Words("livestock.livestock"),
    description=Words("livestock.livestock_about"),
    span="now-14d",
    refresh="15m",
    variables=(queries.COMMUNE, queries.STATION),
    annotations=(queries.marks("livestock_cold", "livestock_heat"),),
    tags=("field",),
    bands=(
        Band(Words("livestock.heat"), (_NOW, _HEAT, _HOURS, _NEWEST)),
        Band(Words("livestock.cold"), (_CHILL, _FELT)),
        Band(None, (_COURSE,)),
    ),
)
