"""When not to sow, tonight's frost, diseases, water in the soil, irrigation."""

from datetime import timedelta

from analytics.index import Step
from analytics.indices import frost_night
from analytics.indices.disease_season import BLIGHTED, COOL_MONTHS, FIRST_SPRAY, RICE
from analytics.irrigation import field_water, irrigation_left
from analytics.measure import day_mean, day_mean_below, of_season
from analytics.night_ahead import coming_frost
from analytics.renewal import UNRENEWED, Renew
from analytics.rule import Level, Monitor, Rule, Status, Urgency

NO_SOWING = Rule(
    name="no_sowing",
    hazard="crop_cold",
    unit="Cel",
    pack="crop 1",
    for_crops=frozenset({"rice"}),
    condition=day_mean_below("air_temperature"),
    quantities=("air_temperature",),
    below=True,
    months=frozenset({1, 2, 3, 11, 12}),
    urgency=Urgency.EXPECTED,
    quiet=timedelta(days=2),  # one mild day is not yet the weather to sow in
    levels=(Level(15.0, 15.0, inclusive=False, advice={"rice": "no_sowing_rice"}),),
    monitor=Monitor("air_temperature_mean"),
    source="Never sow or transplant rice below a daily mean of 15 °C: Cục Trồng trọt (2022), Thái Nguyên (2018), VTV8",
)

FROST_TONIGHT = Rule(
    name="frost_tonight",
    hazard="frost",
    unit="Cel",
    decimals=0,
    pack="crop 2",
    step=Step.HOUR,
    condition=coming_frost,
    quantities=("air_temperature",),
    asks=("relative_humidity", "wind_speed", "precipitation"),
    indices=(
        "frost_night_minimum_before_dusk",
        "frost_night_minimum_before_dusk_error",
        "frost_night_minimum_forecast",
        "frost_night_minimum_error",
    ),
    below=True,
    lean=frost_night.LEAN,
    levels=(
        Level(4.0, 4.0, inclusive=False, advice={"vegetables": "frost_tonight_vegetables"}),
        Level(0.0, 0.0, inclusive=False, advice={"vegetables": "frost_tonight_vegetables"}),
    ),
    monitor=Monitor("frost_night_minimum", nights=True),
    source="4 °C of sương muối, as of frost; what makes a radiation night: Snyder and de Melo-Abreu (2005), FAO, ch. 5",
    note=(
        "The forecast of the night's minimum from what the station's own cool nights taught, less three tenths of "
        "its standard error: told where the night is below the level in three cases of eight or more. Said within two "
        "hours before sunset, and after dark only where that look is worse. Each night is an alert of its own, ends "
        "at 8 h without a message, and is held against the night's own minimum on the board. Wind, rain and saturated "
        "air shut the gate of a radiation night; what of them is not measured leaves it open, widens the error and is "
        "said."
    ),
    before=1,
    patience=timedelta(hours=20),
    validity=timedelta(hours=18),
    freshness=timedelta(hours=6),
    ends_itself=True,
    renew=UNRENEWED,
)

RICE_BLAST = Rule(
    name="rice_blast",
    hazard="disease",
    unit="1",
    pack="crop 2",
    season=True,
    crops=frozenset(RICE),
    unsown=True,
    months=frozenset({3, 4, 5, 6, 8, 9, 10}),  # tillering to heading of the spring and the summer crop
    for_crops=frozenset({"rice"}),
    condition=of_season("rice_blast_watch_season", "rice_blast_watch"),
    quantities=("air_temperature",),
    indices=("rice_blast_watch", "rice_blast_watch_season"),
    urgency=Urgency.EXPECTED,
    levels=(Level(1.0, 1.0, advice={"rice": "rice_blast_rice"}),),
    source="BLASTAM (Koshimizu 1988) as published by the prefectures of Mie and Oita: five-day mean 20–25 °C, wet "
    "period 15–25 °C; symptoms 7 to 10 days after",
    note="From tillering to heading of a rice season; of a place of which no season is known in the months named. One "
    "message a spell: lesions of all its nights show while it lasts.",
    renew=Renew(days=(11, 21)),
)

LATE_BLIGHT = Rule(
    name="late_blight",
    hazard="disease",
    unit="1",
    decimals=0,
    pack="crop 2",
    season=True,
    crops=frozenset(BLIGHTED),
    unsown=True,
    months=frozenset(COOL_MONTHS),
    for_crops=frozenset(BLIGHTED),
    condition=of_season("late_blight_pressure_season", "late_blight_pressure"),
    quantities=("air_temperature",),
    indices=("late_blight_pressure", "late_blight_pressure_season"),
    urgency=Urgency.EXPECTED,
    levels=(Level(FIRST_SPRAY, FIRST_SPRAY, advice={"vegetables": "late_blight_vegetables"}),),
    source="Wallin (1962), 7.2–26.7 °C; Krause, Massie and Hyre (1975), BLITECAST: first spray at 18 severity values, "
    "then every 7 days while a week has 5, none where it has less than 3",
    note="Where potato or tomato stands; of a place of which no season is known from October to March. Said again when "
    "a spray has lasted its seven days and the weather goes on.",
    renew=Renew(days=(8, 15)),
)

IRRIGATION_DUE = Rule(
    name="irrigation_due",
    hazard="irrigation",
    unit="d",
    decimals=0,
    pack="crop 1",
    season=True,
    flooded=False,
    condition=irrigation_left,
    indices=("days_to_irrigation", "root_zone_depletion", "crop_evapotranspiration"),
    below=True,
    urgency=Urgency.EXPECTED,
    levels=(
        Level(2.0, 3.0),
        Level(0.0, 1.0),
    ),
    source="FAO-56 chapter 8: depletion beyond the readily available water",
    note=(
        "A water balance of the root zone, of crops that do not stand in water; capillary rise is left out. Irrigation "
        "that is entered, 10 mm or of an unknown depth, ends it at once, as does rain that fills the soil; after a "
        "week without either it is not known any more whether somebody irrigated: it ends, and says so."
    ),
    renew=Renew(days=(3, 10)),
)

IRRIGATE_PADDY = Rule(
    name="irrigate_paddy",
    hazard="irrigation",
    unit="mm",
    decimals=0,
    pack="crop 2",
    season=True,
    flooded=True,
    condition=field_water,
    indices=("paddy_water_margin", "paddy_water_level"),
    below=True,
    urgency=Urgency.EXPECTED,
    levels=(Level(0.0, 15.0, advice={"rice": "irrigate_paddy_rice"}),),
    source=(
        "IRRI Rice Knowledge Bank: the field flooded from transplanting to the draining; under safe alternate wetting "
        "and drying again when the water has fallen to 15 cm under the soil, and kept flooded around flowering"
    ),
    note=(
        "A balance of the ponded water with the bund, percolation and irrigation that is entered; the level that a "
        "field tube shows stands in its place. Irrigation that is entered, 10 mm or of an unknown depth, ends it at "
        "once, as do rain or a tube with 15 mm more than is wanted; after a week without either it is not known any "
        "more whether somebody irrigated: it ends, and says so. Nothing is asked before transplanting or after the "
        "draining."
    ),
    renew=Renew(days=(3, 10)),
)

SOIL_DRY = Rule(
    name="soil_dry",
    hazard="irrigation",
    unit="m3/m3",
    decimals=0,
    factor=100.0,
    pack="crop 1",
    status=Status.OWN,
    condition=day_mean("soil_moisture"),
    quantities=("soil_moisture",),
    flooded=False,
    below=True,
    urgency=Urgency.EXPECTED,
    levels=(
        Level(0.18, 0.20),
        Level(0.12, 0.14),
    ),
    source="Own choice for loam; field capacity and wilting point of the soil should replace it",
)

SOIL_WET = Rule(
    name="soil_wet",
    hazard="irrigation",
    unit="m3/m3",
    decimals=0,
    factor=100.0,
    pack="crop 1",
    status=Status.OWN,
    condition=day_mean("soil_moisture"),
    quantities=("soil_moisture",),
    flooded=False,
    urgency=Urgency.EXPECTED,
    levels=(Level(0.42, 0.38),),
    source="Own choice, near the saturation of loam; not while a crop stands in water",
)
