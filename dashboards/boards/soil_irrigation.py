"""Water in the ground by depth, what crops took, when to irrigate."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from dashboards import columns, palette, queries
from dashboards.board import Band, Board
from dashboards.kinds import StateTimeline, Table, TimeSeries
from dashboards.panel import Column
from dashboards.words import Words


def _measured(quantity: str, decimals: int = 1) -> TimeSeries:
    return TimeSeries(
        title=palette.title_of(quantity),
        sql=queries.lines(quantity),
        unit=palette.unit_of(quantity),
        decimals=decimals,
    )


def _index(title: Words, index: str) -> TimeSeries:
    return TimeSeries(
        title=title,
        sql="SELECT time, concat_ws(' · ', name, nullif($__crop(crop), '')) AS metric, value FROM chart.index_value"
        f" WHERE index = '{index}' AND coalesce(commune, '') IN (${{commune:sqlstring}}) AND basis = 'observed'"
        " AND $__timeFilter(time) ORDER BY time",
        unit="lengthmm",
        decimals=1,
        bridge=3 * 86400,
    )


_BALANCE = TimeSeries(
    title=Words("soil_irrigation.et0_rain_sums"),
    sql="SELECT time, CASE index WHEN 'precipitation_sum' THEN '☂ ' ELSE 'ET0 ' END || name AS metric,"
    " sum(value) OVER (PARTITION BY place, index ORDER BY"
    " time) AS value"
    " FROM chart.index_value WHERE index IN ('reference_evapotranspiration', 'precipitation_sum')"
    " AND place IN (${station:sqlstring}) AND basis = 'observed' AND $__timeFilter(time) ORDER BY time",
    unit="lengthmm",
    bridge=3 * 86400,
)
_DEMAND = TimeSeries(
    title=Words("soil_irrigation.reference_evapotranspiration_et0"),
    sql=queries.index_lines("reference_evapotranspiration"),
    unit="lengthmm",
    bridge=3 * 86400,
)
_FIELDS = Table(
    title=Words("soil_irrigation.fields_their_water"),
    sql="SELECT name, crop, max(value) FILTER (WHERE index = 'root_zone_depletion') AS root_zone_depletion,"
    " max(value) FILTER (WHERE index = 'paddy_water_level') AS paddy_water_level,"
    " max(value) FILTER (WHERE index IN ('irrigation_requirement', 'paddy_irrigation_requirement'))"
    " AS irrigation_requirement,"
    " max(value) FILTER (WHERE index IN ('days_to_irrigation', 'paddy_days_to_irrigation')) AS days_to_irrigation,"
    " max(time) AS time"
    " FROM (SELECT DISTINCT ON (place, season, index) place, name, crop, season, index, value, time FROM"
    " chart.index_value"
    " WHERE index IN ('root_zone_depletion', 'irrigation_requirement', 'days_to_irrigation', 'paddy_water_level',"
    " 'paddy_irrigation_requirement', 'paddy_days_to_irrigation') AND basis = 'observed'"
    " AND coalesce(commune, '') IN (${commune:sqlstring})"
    " AND time BETWEEN $__timeTo()::timestamptz - interval '3 days' AND $__timeTo()::timestamptz"
    " ORDER BY place, season, index, time DESC) AS newest GROUP BY place, name, crop, season ORDER BY 5"
    " DESC NULLS LAST",
    width=24,
    height=7,
    columns={
        "name": columns.PLACE,
        "crop": columns.CROP,
        "root_zone_depletion": Column(title=Words("soil_irrigation.root_zone_depletion"), unit="lengthmm", decimals=0),
        "paddy_water_level": Column(title=Words("soil_irrigation.paddy_water_level"), unit="lengthmm", decimals=0),
        "irrigation_requirement": Column(title=Words("soil_irrigation.irrigate"), unit="lengthmm", decimals=0),
        "days_to_irrigation": Column(title=Words("soil_irrigation.irrigate_within_days"), decimals=0),
        "time": Column(title=Words("soil_irrigation.day"), unit="dateTimeAsIso"),
    },
)

_COURSE = StateTimeline(
    title=Words("soil_irrigation.alerts_irrigation_waterlogging"),
    sql=queries.levels("irrigation"),
    saying="levels",
    width=24,
)

BOARD = Board(
    name="soil_irrigation",
    title=Words("soil_irrigation.soil_irrigation"),
    description=Words("soil_irrigation.soil_irrigation_about"),
    span="now-30d",
    refresh="15m",
    variables=(queries.COMMUNE, queries.having("soil_moisture")),
    tags=("field",),
    bands=(
        Band(None, (_FIELDS, _COURSE)),
        Band(
            Words("soil_irrigation.water_ground"),
            (
                _measured("soil_moisture", 3),
                _measured("soil_temperature"),
                _index(Words("soil_irrigation.root_zone_depletion"), "root_zone_depletion"),
                _index(Words("soil_irrigation.crop_evapotranspiration"), "crop_evapotranspiration"),
            ),
        ),
        Band(Words("soil_irrigation.balance"), (_DEMAND, _BALANCE)),
        Band(
            Words("soil_irrigation.nutrients_salinity"),
            (_measured("soil_electrical_conductivity", 2), _measured("soil_ph", 2)),
        ),
    ),
)
