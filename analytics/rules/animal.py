"""Cold and heat of livestock, oxygen and ammonia of ponds."""

from datetime import timedelta

from analytics.index import Step, of_index, series
from analytics.indices.livestock import temperature_humidity_index
from analytics.measure import current, day_mean_below, hour_of, of_hour
from analytics.renewal import BY_DAY, Renew
from analytics.rule import Level, Rule, Status

CATTLE_COLD = Rule(
    name="cattle_cold",
    hazard="livestock_cold",
    unit="Cel",
    pack="crop 1",
    for_animals=frozenset({"cattle", "buffalo"}),
    condition=day_mean_below("air_temperature"),
    quantities=("air_temperature",),
    below=True,
    levels=(
        Level(15.0, 15.0, inclusive=False, advice={"cattle": "cattle_cold_cattle"}),
        Level(12.0, 12.0, inclusive=False, advice={"cattle": "cattle_cold_cattle"}),
    ),
    renew=Renew(days=BY_DAY.days, record=2.0),
    source="No grazing or ploughing below 12 °C: Ministry of Agriculture (VTV 12-2018), CAND, Tuyên Quang; housed and "
    "warm below 15 °C: Báo Cựu chiến binh; feed per head: Tuyên Quang",
)

LIVESTOCK_HEAT = Rule(
    name="livestock_heat",
    hazard="livestock_heat",
    unit="1",
    decimals=0,
    pack="crop 1",
    for_animals=frozenset({"cattle", "buffalo"}),
    step=Step.HOUR,
    condition=hour_of(temperature_humidity_index, "air_temperature", "relative_humidity"),
    quantities=("relative_humidity",),
    needs=(series("air_temperature"),),
    tells_from=2,
    levels=(
        Level(75.0, 73.0, advice={"cattle": "livestock_heat_cattle"}),
        Level(79.0, 77.0, advice={"cattle": "livestock_heat_cattle"}),
        Level(84.0, 82.0, advice={"cattle": "livestock_heat_cattle"}),
    ),
    source="Livestock weather safety index, alert 75, danger 79, emergency 84 (Clemson; AMS 2002) of THI (NRC 1971)",
    minimum=timedelta(hours=2),
    quiet=timedelta(hours=26),
    renew=Renew(hours=48),  # at the hour at which it began: by night it is less
    patience=timedelta(hours=24),
    freshness=timedelta(hours=4),
    validity=timedelta(hours=8),
    note="A level is left after a whole day without it: the nights and mornings of a hot spell do not end it.",
)

PIG_HEAT = Rule(
    name="pig_heat",
    hazard="livestock_heat",
    unit="1",
    decimals=0,
    pack="crop 1",
    for_animals=frozenset({"pigs"}),
    status=Status.UNVERIFIED,
    step=Step.HOUR,
    condition=hour_of(temperature_humidity_index, "air_temperature", "relative_humidity"),
    quantities=("relative_humidity",),
    needs=(series("air_temperature"),),
    tells_from=2,
    levels=(
        Level(74.0, 72.0),
        Level(79.0, 77.0),
        Level(84.0, 82.0),
    ),
    source="74, 79, 84 in circulation; their source was not read",
    minimum=timedelta(hours=2),
    quiet=timedelta(hours=26),
    renew=Renew(hours=48),
    patience=timedelta(hours=24),
    freshness=timedelta(hours=4),
)

POND_OXYGEN = Rule(
    name="pond_oxygen",
    hazard="pond",
    unit="mg/L",
    pack="crop 1",
    for_animals=frozenset({"fish"}),
    status=Status.OWN,
    step=Step.GRID,
    condition=current("dissolved_oxygen"),
    quantities=("dissolved_oxygen",),
    below=True,
    levels=(
        Level(4.0, 4.5, inclusive=False, advice={"fish": "pond_fish"}),
        Level(2.5, 3.0, inclusive=False, advice={"fish": "pond_fish"}),
    ),
    source="Own choice of operation, to be set per pond and species",
    quiet=timedelta(hours=1),
    patience=timedelta(hours=6),
    freshness=timedelta(hours=2),
    validity=timedelta(hours=6),
    proxy=False,
)

AMMONIA = Rule(
    name="unionised_ammonia",
    hazard="pond",
    unit="mg/L",
    decimals=2,
    pack="crop 1",
    for_animals=frozenset({"fish"}),
    status=Status.OWN,
    step=Step.HOUR,
    condition=of_hour("unionised_ammonia"),
    quantities=("total_ammonia_nitrogen",),
    needs=(of_index("unionised_ammonia"),),
    levels=(
        Level(0.05, 0.04, advice={"fish": "pond_fish"}),
        Level(0.2, 0.15, advice={"fish": "pond_fish"}),
    ),
    source="Own choice of operation; fraction after Emerson et al. (1975)",
    minimum=timedelta(hours=1),
    quiet=timedelta(hours=2),
    patience=timedelta(hours=12),
    freshness=timedelta(hours=4),
    proxy=False,
)
