"""Heat, water and disease of every field in its season."""
# ruff: noqa: S608 — parts of our own text only; what it may read is decided by the role, not here

from dashboards import columns, palette, queries
from dashboards.board import Band, Board, Variable
from dashboards.kinds import HeatMap, StateTimeline, Table, TimeSeries
from dashboards.panel import Column
from dashboards.words import Words

_CROP = Variable(
    name="crop",
    label=Words("crop_season.crop"),
    many=True,
    sql="SELECT DISTINCT $__crop(crop) AS __text, crop AS __value FROM chart.season ORDER BY 1",
)
_FIELD = Variable(
    name="field",
    label=Words("crop_season.field"),
    many=True,
    sql="SELECT DISTINCT name AS __text, place AS __value FROM chart.season"
    " WHERE crop IN (${crop:sqlstring}) AND coalesce(commune, '') IN (${commune:sqlstring}) ORDER BY 1",
)
_RUNNING = (
    "season.sown <= $__timeTo()::timestamptz::date AND coalesce(season.ended, 'infinity') >="
    " $__timeFrom()::timestamptz::date"
    " AND season.place IN (${field:sqlstring}) AND season.crop IN (${crop:sqlstring})"
)


def _by_field(index: str) -> str:
    return (
        "SELECT time, concat_ws(' · ', name, $__crop(crop)) AS metric, value FROM chart.index_value"
        f" WHERE index = '{index}' AND place IN (${{field:sqlstring}}) AND basis = 'observed' AND $__timeFilter(time)"
        " ORDER BY time"
    )


def _summed(index: str) -> str:
    """Sums since sowing, of the season's place."""
    return (
        "SELECT said.time, concat_ws(' · ', season.name, $__crop(season.crop)) AS metric,"
        " sum(said.value) OVER (PARTITION BY season.season ORDER BY said.time) AS value"
        " FROM chart.season JOIN chart.index_value AS said ON said.place = season.place AND said.season = 0"
        f" AND said.index = '{index}' AND said.basis = 'observed' AND said.time >= season.sown"
        " AND said.time < coalesce(season.ended + 1, 'infinity') AND said.time <= $__timeTo()::timestamptz"
        f" WHERE {_RUNNING} ORDER BY 1"
    )


_SEASONS = Table(
    title=Words("crop_season.seasons_followed"),
    sql="SELECT season.name, season.commune_name, season.crop, season.variety, season.sown,"
    " ($__timeTo()::timestamptz::date - season.sown) AS days, sum(said.value) AS degree_days, season.ended"
    " FROM chart.season LEFT JOIN chart.index_value AS said ON said.place = season.place AND said.season = 0"
    " AND said.index = 'degree_days' AND said.basis = 'observed' AND said.time >= season.sown"
    " AND said.time < coalesce(season.ended + 1, 'infinity') AND said.time <= $__timeTo()::timestamptz"
    f" WHERE {_RUNNING} GROUP BY season.season, 1, 2, 3, 4, 5, 6, season.ended ORDER BY season.sown",
    width=24,
    columns={
        "name": columns.PLACE,
        "commune_name": columns.COMMUNE,
        "crop": columns.CROP,
        "variety": Column(title=Words("crop_season.variety")),
        "sown": Column(title=Words("crop_season.sown"), unit="dateTimeAsIso"),
        "days": Column(title=Words("crop_season.day"), bar=(0, 180)),
        "degree_days": Column(title=Words("crop_season.degree_days_since_sowing"), unit="suffix: °C·d", decimals=0),
        "ended": Column(title=Words("crop_season.ended"), unit="dateTimeAsIso"),
    },
)
_HEAT = TimeSeries(
    title=Words("crop_season.degree_days_since"),
    sql=_summed("degree_days"),
    unit="suffix: °C·d",
    bridge=10 * 86400,
)
_CHILL = TimeSeries(
    title=Words("crop_season.chill_portions_summed"),
    sql=_summed("chill_portions"),
    unit="none",
    bridge=3 * 86400,
)
_WATER = TimeSeries(
    title=Words("crop_season.root_zone_depletion"),
    sql=_by_field("root_zone_depletion"),
    unit="lengthmm",
    bridge=3 * 86400,
)
_DEMAND = TimeSeries(
    title=Words("crop_season.et0_rain"),
    sql=queries.index_columns("reference_evapotranspiration", "precipitation_sum", places="field"),
    unit="lengthmm",
    bridge=3 * 86400,
    columns={
        "reference_evapotranspiration": Column(title=Words("crop_season.et0"), color=palette.VERMILION),
        "precipitation_sum": Column(title=Words("crop_season.rain"), color=palette.BLUE, draw="bars"),
    },
)
_DISEASE = HeatMap(
    title=Words("crop_season.rice_blast_pressure"),
    sql=_by_field("rice_blast_infection"),
)
_BLIGHT = HeatMap(
    title=Words("crop_season.late_blight_severity"),
    sql=_by_field("late_blight_severity"),
)
_SPRAY = Table(
    title=Words("crop_season.spray_hours"),
    sql="SELECT DISTINCT ON (name, time) name, time, value AS hours FROM chart.index_value"
    " WHERE index = 'spray_hours' AND place IN (${field:sqlstring})"
    " AND time > $__timeTo()::timestamptz - interval '36 hours' ORDER BY name, time, issued DESC NULLS LAST",
    width=24,
    columns={
        "name": columns.PLACE,
        "time": Column(title=Words("crop_season.day"), unit="dateTimeAsIso"),
        "hours": Column(title=Words("crop_season.spray_fit"), unit="h", decimals=0),
    },
)
_STAGE = StateTimeline(
    title=Words("crop_season.stage_growth"),
    sql=_by_field("crop_stage").replace(", value FROM", ", floor(value) AS value FROM"),
    saying=columns.STAGES,
    width=24,
)

_COURSE = StateTimeline(
    title=Words("crop_season.alerts_disease_cold"),
    sql=queries.levels("disease", "crop_cold"),
    saying="levels",
    width=24,
)

BOARD = Board(
    name="crop_season",
    title=Words("crop_season.crop_season"),
    description=Words("crop_season.crop_season_about"),
    span="now-90d",
    refresh="30m",
    variables=(queries.COMMUNE, _CROP, _FIELD),
    tags=("field",),
    bands=(
        Band(None, (_SEASONS,)),
        Band(Words("crop_season.heat_chill"), (_HEAT, _CHILL, _STAGE)),
        Band(Words("crop_season.water"), (_WATER, _DEMAND)),
        Band(Words("crop_season.disease"), (_DISEASE, _BLIGHT, _SPRAY, _COURSE)),
    ),
)
