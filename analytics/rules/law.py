"""Official risk levels of Quyết định 18/2021/QĐ-TTg by a station's readings, for officers: advice tells farmers."""

from datetime import timedelta

from analytics import official
from analytics.index import Need, Step, of_place
from analytics.indices.spells import AGREED
from analytics.renewal import Renew
from analytics.rule import Level, Monitor, Rule, Urgency

#: Who hears of a level that advice tells farmers in their own words.
OFFICERS = frozenset({"officer", "technician"})
#: A level is said again only where it becomes another.
_SELDOM = Renew(days=(10, 20))
_PROXY = "The article speaks of what is forecast or warned of over an area; a station's readings stand for it. "
_READ = "Quyết định 18/2021/QĐ-TTg (from 1 July 2021), Điều {}, read in the Ministry of Justice's codification"


def _levels(most: int) -> tuple[Level, ...]:
    """Levels 1 to ``most``, each entered and left at its own number."""
    return tuple(Level(float(number), float(number)) for number in range(1, most + 1))


LAW_COLD = Rule(
    name="law_cold",
    hazard="cold",
    unit="1",
    decimals=0,
    pack="vietnam 2",
    article="Điều 53",
    audiences=OFFICERS,
    monitor=Monitor("damaging_cold_level"),
    condition=official.damaging_cold,
    quantities=("air_temperature",),
    indices=("damaging_cold_level",),
    levels=_levels(3),
    source=_READ.format("53 and 5(18)"),
    note=_PROXY
    + "A day counts as soon as the hours to come cannot lift its mean out of the band. Bands: below 13.0 (rét "
    "hại), up to 8, up to 4, below 0 °C; the level is the highest that any run of days in a band reaches, on its last "
    "day. A missing day neither ends a run nor counts; a third in a row ends it.",
    urgency=Urgency.EXPECTED,
    renew=_SELDOM,
)

LAW_COLD_TOMORROW = Rule(
    name="law_cold_tomorrow",
    hazard="cold",
    unit="1",
    decimals=0,
    pack="vietnam 2",
    article="Điều 53",
    audiences=OFFICERS,
    monitor=Monitor("damaging_cold_level", nights=True),
    condition=official.damaging_cold_tomorrow,
    persistence=True,
    quantities=("air_temperature",),
    indices=("damaging_cold_level",),
    levels=_levels(3),
    source=_READ.format("53"),
    note=_PROXY
    + "Told from 18 h on: the level that tomorrow gives if it is as cold as today (persistence), where that is "
    "higher than today's. A loaded forecast speaks for itself, as a forecast alert of `law_cold`.",
    urgency=Urgency.EXPECTED,
    validity=timedelta(hours=24),
    renew=Renew(days=(2, 3), at_once=True),
)

LAW_HEAT = Rule(
    name="law_heat",
    hazard="heat",
    unit="1",
    decimals=0,
    pack="vietnam 2",
    article="Điều 47",
    audiences=OFFICERS,
    monitor=Monitor("heat_level"),
    condition=official.heat,
    quantities=("air_temperature",),
    indices=("heat_level",),
    levels=_levels(4),
    source=_READ.format("47 and 5(21)"),
    note=_PROXY + 'A day counts as soon as its highest reading lies in the band: over 35 (Điều 5(21) says "exceeding"; '
    'Điều 47 begins "from 35": the property hot_day_from_35 says so), over 37, over 39, over 41 °C.',
    urgency=Urgency.EXPECTED,
    renew=_SELDOM,
)

LAW_HEAT_TOMORROW = Rule(
    name="law_heat_tomorrow",
    hazard="heat",
    unit="1",
    decimals=0,
    pack="vietnam 2",
    article="Điều 47",
    audiences=OFFICERS,
    monitor=Monitor("heat_level", nights=True),
    condition=official.heat_tomorrow,
    persistence=True,
    quantities=("air_temperature",),
    indices=("heat_level",),
    levels=_levels(4),
    source=_READ.format("47"),
    note=_PROXY
    + "Told from 18 h on: the level that tomorrow gives if it is as hot as today (persistence), where that is "
    "higher than today's.",
    urgency=Urgency.EXPECTED,
    validity=timedelta(hours=24),
    renew=Renew(days=(2, 3), at_once=True),
)

_TERRAIN = of_place("rain_terrain", AGREED)

LAW_RAIN = Rule(
    name="law_rain",
    hazard="rain",
    unit="1",
    decimals=0,
    pack="vietnam 2",
    article="Điều 44",
    audiences=OFFICERS,
    step=Step.HOUR,
    condition=official.heavy_rain,
    quantities=("precipitation",),
    needs=(_TERRAIN,),
    before=5,
    levels=_levels(4),
    source=_READ.format("44"),
    note=_PROXY
    + "Days are counted back from the hour, 24 hours at a time, while each has the amount. Of the extent (share "
    "of the communes of a province) one station knows nothing: the level is that of the row that amount and days name, "
    "and holds only where the extent of that row is met.",
    quiet=timedelta(hours=6),
    patience=timedelta(hours=12),
    freshness=timedelta(hours=6),
    validity=timedelta(hours=24),
    renew=_SELDOM,
)

_FLOOD_PLACE: tuple[Need, ...] = (
    of_place("mark_1"),
    of_place("mark_2"),
    of_place("mark_3"),
    of_place("flood_zone", AGREED),
    of_place("flood_historic", "in zone 4 level 4 at most"),
    of_place("flood_several_basins", "one basin"),
)

LAW_FLOOD = Rule(
    name="law_flood",
    hazard="water",
    unit="1",
    decimals=0,
    pack="vietnam 2",
    article="Điều 45",
    audiences=OFFICERS,
    kinds=frozenset({"river", "station"}),
    step=Step.HOUR,
    condition=official.flood,
    quantities=("water_level",),
    needs=_FLOOD_PLACE,
    levels=_levels(5),
    source=_READ.format("45"),
    note=_PROXY
    + "The place's marks 1 to 3 are its alarm marks BĐ1 to BĐ3; its zone stands in annex XIII, which was not "
    "read. Where works protect, the design flood is given as the historic one.",
    quiet=timedelta(hours=3),
    patience=timedelta(hours=12),
    freshness=timedelta(hours=6),
    validity=timedelta(hours=12),
    renew=_SELDOM,
)

LAW_FIRE = Rule(
    name="law_fire",
    hazard="fire",
    unit="1",
    decimals=0,
    pack="vietnam 2",
    article="Điều 54",
    audiences=OFFICERS,
    monitor=Monitor("forest_fire_level"),
    condition=official.forest_fire,
    quantities=("air_temperature",),
    indices=("forest_fire_level",),
    levels=_levels(5),
    source=_READ.format("54"),
    note=_PROXY
    + "Days in a row above 35 °C; the zone stands in table 11 of the annex, which was not read. In zone 2 the "
    "text names 16 to 35 days under level 2 and under level 3: 2 is taken.",
    urgency=Urgency.EXPECTED,
    renew=_SELDOM,
)
