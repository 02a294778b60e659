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
    title=Words("THI cao nhất ngày: 75 / 79 / 84", "Daily maximum THI: 75 / 79 / 84"),
    sql=queries.index_lines("temperature_humidity_index_maximum"),
    thresholds=_THI,
    lines=True,
    bridge=3 * 86400,
)
_NOW = TimeSeries(
    title=Words("THI (NRC 1971, từ số đo)", "THI (NRC 1971, from readings)"),
    description=Words(
        "(1,8 T + 32) − (0,55 − 0,0055 RH)(1,8 T − 26), từ nhiệt độ và độ ẩm đo được.",
        "(1.8 T + 32) − (0.55 − 0.0055 RH)(1.8 T − 26), of measured temperature and humidity.",
    ),
    sql="SELECT warm.time, warm.name AS metric, (1.8 * warm.value + 32) - (0.55 - 0.0055 * damp.value)"
    " * (1.8 * warm.value - 26) AS value"
    f" FROM chart.series({queries.STATIONS}, 'air_temperature', {queries.SPAN}) AS warm"
    f" JOIN chart.series({queries.STATIONS}, 'relative_humidity', {queries.SPAN}) AS damp"
    " ON damp.time = warm.time AND damp.station = warm.station WHERE warm.level = damp.level ORDER BY 1",
    thresholds=_THI,
    lines=True,
)
_HOURS = HeatMap(
    title=Words("Giờ nóng nguy hại cho lợn mỗi ngày", "Hours of heat load of pigs a day"),
    sql=queries.index_lines("heat_load_hours_pig"),
    unit="h",
)
_CHILL = TimeSeries(
    title=Words("Nhiệt độ thấp nhất: chăn thả 12, giữ ấm 15 °C", "Daily minimum: grazing 12, housing 15 °C"),
    sql=queries.index_lines("air_temperature_minimum"),
    unit="celsius",
    thresholds=_COLD,
    lines=True,
    bridge=3 * 86400,
)
_FELT = TimeSeries(
    title=Words("Giờ rét hại vật nuôi ngoài trời mỗi ngày", "Hours of cold load of animals outdoors a day"),
    sql=queries.index_lines("livestock_cold_hours"),
    unit="h",
    bridge=3 * 86400,
)
_NEWEST = Table(
    title=Words("Ngày gần nhất", "Newest day"),
    sql=queries.newest(
        "temperature_humidity_index_maximum",
        "air_temperature_maximum",
        "relative_humidity_mean",
        "air_temperature_minimum",
    ),
    columns={
        "name": columns.PLACE,
        "time": Column(title=Words("Ngày", "Day"), unit="dateTimeAsIso"),
        "temperature_humidity_index_maximum": Column(title=Words("THI cao nhất", "Highest THI"), decimals=0),
        "air_temperature_maximum": Column(title=Words("Cao nhất", "Maximum"), unit="celsius", decimals=1),
        "relative_humidity_mean": Column(title=Words("Độ ẩm", "Humidity"), unit="percent", decimals=0),
        "air_temperature_minimum": Column(title=Words("Thấp nhất", "Minimum"), unit="celsius", decimals=1),
    },
)
_COURSE = StateTimeline(
    title=Words("Cảnh báo rét và nắng nóng", "Alerts of cold and heat"),
    sql=queries.levels("livestock_cold", "livestock_heat", "cold", "heat"),
    saying="levels",
    width=24,
)

BOARD = Board(
    name="livestock",
    title=Words("Chăn nuôi", "Livestock"),
    description=Words("Nóng và lạnh như vật nuôi cảm thấy.", "Heat and cold as animals feel them."),
    span="now-14d",
    refresh="15m",
    variables=(queries.COMMUNE, queries.STATION),
    annotations=(queries.marks("livestock_cold", "livestock_heat"),),
    tags=("field",),
    bands=(
        Band(Words("Nóng", "Heat"), (_NOW, _HEAT, _HOURS, _NEWEST)),
        Band(Words("Lạnh", "Cold"), (_CHILL, _FELT)),
        Band(None, (_COURSE,)),
    ),
)
