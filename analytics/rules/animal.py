"""Cold and heat of livestock, oxygen and ammonia of ponds."""

from datetime import timedelta

from analytics.index import Step, of_index, series
from analytics.indices.livestock import GRAZING, WARMTH, temperature_humidity_index
from analytics.measure import current, felt_by_cattle, hour_of, of_hour
from analytics.night_ahead import coming_oxygen
from analytics.renewal import UNRENEWED, Renew
from analytics.rule import Level, Monitor, Rule, Status, Urgency

CATTLE_COLD = Rule(
    name="cattle_cold",
    hazard="livestock_cold",
    unit="Cel",
    pack="crop 2",
    for_animals=frozenset({"cattle", "buffalo"}),
    step=Step.HOUR,
    condition=felt_by_cattle,
    quantities=("air_temperature",),
    below=True,
    months=frozenset({1, 2, 3, 11, 12}),
    tells_from=2,
    urgency=Urgency.EXPECTED,  # known at night, it is said before they are let out
    levels=(
        Level(WARMTH, WARMTH, inclusive=False, advice={"cattle": "cattle_cold_cattle"}),
        Level(GRAZING, GRAZING, inclusive=False, advice={"cattle": "cattle_cold_cattle"}),
    ),
    minimum=timedelta(hours=2),
    quiet=timedelta(hours=50),
    patience=timedelta(hours=24),
    freshness=timedelta(hours=4),
    renew=Renew(days=(3, 10, 20), record=3.0),
    source="No grazing or ploughing below 12 °C: Ministry of Agriculture (VTV 12-2018), CAND, Tuyên Quang; housed and "
    "warm below 15 °C: Báo Cựu chiến binh; feed per head: Tuyên Quang",
    note="By the hour, not by the day's mean: three readings an hour apart are two hours. Wind chill counts where wind "
    "is measured; a coat wetted by rain of the last three hours moves the limits by 3 K (our own reading). It is over "
    "after two days without it: mild afternoons, or one mild day, do not end it.",
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
    quiet=timedelta(hours=74),
    renew=Renew(days=(3, 10, 40), record=2.0),  # of a season-long spell its waves
    patience=timedelta(hours=24),
    freshness=timedelta(hours=4),
    validity=timedelta(hours=8),
    note="A level is left after three days without it: nights, mornings and a shower do not end it. A wave within a "
    "long spell, hotter by 2 than all before, is told too. Buffalo used to such heat bear more; a limit of theirs was "
    "not found in a source (`buffalo_heat` is off).",
)

BUFFALO_HEAT = Rule(
    name="buffalo_heat",
    hazard="livestock_heat",
    unit="1",
    decimals=0,
    pack="crop 2",
    for_animals=frozenset({"buffalo"}),
    status=Status.UNVERIFIED,
    step=Step.HOUR,
    condition=hour_of(temperature_humidity_index, "air_temperature", "relative_humidity"),
    quantities=("relative_humidity",),
    needs=(series("air_temperature"),),
    levels=(
        Level(84.0, 82.0, advice={"cattle": "livestock_heat_cattle"}),
        Level(89.0, 87.0, advice={"cattle": "livestock_heat_cattle"}),
    ),
    source="84 and 89, the highest classes for cattle; that buffalo acclimatised to heat bear it and recover by night "
    "is said by Pereira et al. (2020), Animals 10, 756, of which the abstract alone was read: no number of theirs",
    minimum=timedelta(hours=2),
    quiet=timedelta(hours=74),
    renew=Renew(days=(3, 10, 40), record=2.0),
    patience=timedelta(hours=24),
    freshness=timedelta(hours=4),
    validity=timedelta(hours=8),
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
    monitor=Monitor("dissolved_oxygen_dawn"),
    source="Own choice of operation, to be set per pond and species",
    quiet=timedelta(hours=1),
    patience=timedelta(hours=6),
    freshness=timedelta(hours=2),
    validity=timedelta(hours=6),
    proxy=False,
)

POND_OXYGEN_DAWN = Rule(
    name="pond_oxygen_dawn",
    hazard="pond",
    unit="mg/L",
    pack="crop 2",
    for_animals=frozenset({"fish"}),
    status=Status.OWN,
    step=Step.HOUR,
    condition=coming_oxygen,
    quantities=("dissolved_oxygen",),
    indices=("dissolved_oxygen_dawn_forecast",),
    below=True,
    levels=(
        Level(4.0, 4.0, inclusive=False, advice={"fish": "pond_fish"}),
        Level(2.5, 2.5, inclusive=False, advice={"fish": "pond_fish"}),
    ),
    monitor=Monitor("dissolved_oxygen_dawn", nights=True),
    source="Projection: Boyd, Romaire and Johnston (1978); levels of pond_oxygen, own choice of operation",
    note="Said at 21 h, once a night, in time to run the aerator; where it then runs, dawn is better than said.",
    before=1,
    patience=timedelta(hours=12),
    freshness=timedelta(hours=4),
    validity=timedelta(hours=12),
    ends_itself=True,
    renew=UNRENEWED,
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
