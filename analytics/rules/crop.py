"""When not to sow, tonight's frost, diseases, water in the soil, irrigation."""

from datetime import timedelta

from analytics.measure import at_dusk, day_mean, day_mean_below, of_index
from analytics.renewal import Renew
from analytics.rule import Level, Rule, Status, Urgency

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
    levels=(Level(15.0, 15.0, inclusive=False, advice={"rice": "no_sowing_rice"}),),
    source="Never sow or transplant rice below a daily mean of 15 °C: Cục Trồng trọt (2022), Thái Nguyên (2018), VTV8",
)

FROST_TONIGHT = Rule(
    name="frost_tonight",
    hazard="frost",
    unit="Cel",
    pack="crop 1",
    condition=at_dusk("frost_night_minimum_forecast"),
    quantities=("air_temperature",),
    indices=("frost_night_minimum_forecast",),
    below=True,
    levels=(
        Level(4.0, 4.0, inclusive=False, advice={"vegetables": "frost_tonight_vegetables"}),
        Level(0.0, 0.0, inclusive=False, advice={"vegetables": "frost_tonight_vegetables"}),
    ),
    source="FAO frost protection (Snyder and de Melo-Abreu 2005): two-step regression on dusk; 4 °C of sương muối",
    note="Learned from the station's own clear, calm nights; its standard error stands beside it.",
    validity=timedelta(hours=12),
    freshness=timedelta(hours=6),
    renew=Renew(days=(2, 3), at_once=True),  # each evening is a new night
)

RICE_BLAST = Rule(
    name="rice_blast",
    hazard="disease",
    unit="1",
    pack="crop 1",
    for_crops=frozenset({"rice"}),
    condition=of_index("rice_blast_infection"),
    quantities=("air_temperature",),
    indices=("rice_blast_infection",),
    urgency=Urgency.EXPECTED,
    levels=(Level(1.0, 1.0, advice={"rice": "rice_blast_rice"}),),
    source="BLASTAM (Koshimizu 1988) as published by the prefectures of Mie and Oita",
)

LATE_BLIGHT = Rule(
    name="late_blight",
    hazard="disease",
    unit="1",
    pack="crop 1",
    for_crops=frozenset({"vegetables"}),
    condition=of_index("late_blight_hutton"),
    quantities=("air_temperature",),
    indices=("late_blight_hutton",),
    urgency=Urgency.EXPECTED,
    levels=(Level(1.0, 1.0, advice={"vegetables": "late_blight_vegetables"}),),
    source="Hutton criteria (AHDB): two days of Tmin ≥ 10 °C and 6 h of RH ≥ 90 %",
)

IRRIGATION_DUE = Rule(
    name="irrigation_due",
    hazard="irrigation",
    unit="d",
    decimals=0,
    pack="crop 1",
    season=True,
    condition=of_index("days_to_irrigation"),
    indices=("days_to_irrigation",),
    below=True,
    urgency=Urgency.EXPECTED,
    levels=(
        Level(2.0, 3.0),
        Level(0.0, 1.0),
    ),
    source="FAO-56 chapter 8: depletion beyond the readily available water",
    note="A water balance of the root zone; capillary rise is left out.",
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
    urgency=Urgency.EXPECTED,
    levels=(Level(0.42, 0.38),),
    source="Own choice, near the saturation of loam; not for paddy",
)
