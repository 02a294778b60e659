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
    title=Words("drought_fire.newest_day"),
    sql=queries.newest(
        "fire_danger_level", "fire_danger_p", "fire_weather_index", "fine_fuel_moisture_code", "drought_code"
    ),
    width=24,
    sort=("fire_danger_level", True),
    columns={
        "name": columns.PLACE,
        "time": Column(title=Words("drought_fire.day"), unit="dateTimeAsIso"),
        "fire_danger_level": Column(title=Words("drought_fire.fire_danger_level"), saying="levels"),
        "fire_danger_p": Column(title=Words("drought_fire.index_p"), decimals=0),
        "fire_weather_index": Column(title=Words("drought_fire.fwi"), decimals=1),
        "fine_fuel_moisture_code": Column(title=Words("drought_fire.ffmc"), decimals=1),
        "drought_code": Column(title=Words("drought_fire.dc"), decimals=0),
    },
)
_LEVELS = StateTimeline(
    title=Words("drought_fire.forest_fire_danger"),
    sql=queries.index_lines("fire_danger_level"),
    saying="levels",
    width=24,
)
_RAIN = HeatMap(
    title=Words("drought_fire.daily_rain_station"),
    sql=queries.index_lines("precipitation_sum"),
    unit="lengthmm",
    decimals=0,
    width=24,
)

_COURSE = StateTimeline(
    title=Words("drought_fire.alerts_drought_forest"),
    sql=queries.levels("drought", "fire"),
    saying="levels",
    width=24,
)

BOARD = Board(
    name="drought_fire",
    title=Words("drought_fire.drought_forest_fire"),
    description=Words("drought_fire.drought_forest_fire_about"),
    span="now-90d",
    refresh="30m",
    variables=(queries.COMMUNE, queries.STATION),
    tags=("hazard",),
    bands=(
        Band(None, (_NEWEST, _LEVELS, _COURSE)),
        Band(
            Words("drought_fire.forest_fire"),
            (
                _daily(Words("drought_fire.index_p_modified"), "fire_danger_p"),
                _daily(Words("drought_fire.fire_weather_index"), "fire_weather_index"),
                _daily(Words("drought_fire.fine_fuel_ffmc"), "fine_fuel_moisture_code"),
                _daily(Words("drought_fire.drought_code_dc"), "drought_code"),
            ),
        ),
        Band(
            Words("drought_fire.drought"),
            (
                _monthly(Words("drought_fire.spi_1_month"), "spi_1"),
                _monthly(Words("drought_fire.spi_3_months"), "spi_3"),
                _monthly(Words("drought_fire.spei_3_months"), "spei_3"),
                _daily(Words("drought_fire.keetch_byram_drought"), "keetch_byram_drought_index"),
                _RAIN,
            ),
        ),
    ),
)
