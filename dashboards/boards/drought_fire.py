"""Drought and forest fire: rain missing over months, fuel drying over days."""

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import HeatMap, StateTimeline, Table, TimeSeries
from dashboards.panel import Column
from dashboards.words import Words

# SPI classes of WMO-No. 1090: −1 moderately, −1.5 severely, −2 extremely dry.
_DRY = palette.steps((-2, palette.ORANGE), (-1.5, palette.SKY), (-1, palette.GREEN), base=palette.VERMILION)


def _daily(title: Words, index: str) -> TimeSeries:
    return TimeSeries(title=title, sql=queries.index_lines(index), unit="none", decimals=0, bridge=3 * 86400)


def _monthly(title: Words, index: str) -> TimeSeries:
    return TimeSeries(
        title=title, sql=queries.index_lines(index), thresholds=_DRY, lines=True, decimals=1, bridge=70 * 86400
    )


_NEWEST = Table(
    title=Words("Ngày gần nhất", "Newest day"),
    sql=queries.newest(
        "fire_danger_level", "fire_danger_p", "fire_weather_index", "fine_fuel_moisture_code", "drought_code"
    ),
    width=24,
    sort=("fire_danger_level", True),
    columns={
        "name": columns.PLACE,
        "time": Column(title=Words("Ngày", "Day"), unit="dateTimeAsIso"),
        "fire_danger_level": Column(title=Words("Cấp cháy rừng", "Fire danger level"), saying="levels"),
        "fire_danger_p": Column(title=Words("Chỉ số P", "Index P"), decimals=0),
        "fire_weather_index": Column(title=Words("FWI", "FWI"), decimals=1),
        "fine_fuel_moisture_code": Column(title=Words("FFMC", "FFMC"), decimals=1),
        "drought_code": Column(title=Words("DC", "DC"), decimals=0),
    },
)
_LEVELS = StateTimeline(
    title=Words("Cấp dự báo cháy rừng", "Forest fire danger level"),
    sql=queries.index_lines("fire_danger_level"),
    saying="levels",
    width=24,
)
_RAIN = HeatMap(
    title=Words("Mưa ngày theo trạm", "Daily rain by station"),
    sql=queries.index_lines("precipitation_sum"),
    unit="lengthmm",
    decimals=0,
    width=24,
)

_COURSE = StateTimeline(
    title=Words("Cảnh báo khô hạn, cháy rừng", "Alerts of drought and forest fire"),
    sql=queries.levels("drought", "fire"),
    saying="levels",
    width=24,
)

BOARD = Board(
    name="drought_fire",
    title=Words("Hạn và cháy rừng", "Drought and forest fire"),
    description=Words(
        "Thiếu mưa qua các tháng, vật liệu khô qua các ngày.", "Rain missing over months, fuel drying over days."
    ),
    span="now-90d",
    refresh="30m",
    variables=(queries.COMMUNE, queries.STATION),
    tags=("hazard",),
    bands=(
        Band(None, (_NEWEST, _LEVELS, _COURSE)),
        Band(
            Words("Cháy rừng", "Forest fire"),
            (
                _daily(Words("Chỉ số P (Nesterov cải tiến)", "Index P (modified Nesterov)"), "fire_danger_p"),
                _daily(Words("Thời tiết cháy FWI", "Fire weather index FWI"), "fire_weather_index"),
                _daily(Words("Vật liệu mịn FFMC", "Fine fuel FFMC"), "fine_fuel_moisture_code"),
                _daily(Words("Mã hạn DC", "Drought code DC"), "drought_code"),
            ),
        ),
        Band(
            Words("Hạn", "Drought"),
            (
                _monthly(Words("SPI 1 tháng", "SPI, 1 month"), "spi_1"),
                _monthly(Words("SPI 3 tháng", "SPI, 3 months"), "spi_3"),
                _monthly(Words("SPEI 3 tháng", "SPEI, 3 months"), "spei_3"),
                _daily(Words("Chỉ số hạn KBDI", "Keetch–Byram drought index"), "keetch_byram_drought_index"),
                _RAIN,
            ),
        ),
    ),
)
