"""Beaufort classes of the mean wind and of gusts."""

from datetime import timedelta

from analytics.index import Step, of_place
from analytics.measure import current, highest
from analytics.official import storm
from analytics.rule import Level, Monitor, Rule

_BEAUFORT = "Beaufort classes as printed in Vietnam (lower bounds 10.8, 17.2, 24.5, 32.7 m/s)"

STRONG_WIND = Rule(
    name="strong_wind",
    hazard="wind",
    unit="m/s",
    pack="vietnam 1",
    step=Step.GRID,
    condition=current("wind_speed"),
    quantities=("wind_speed",),
    tells_from=2,
    levels=(
        Level(10.8, 8.0, advice={"everyone": "wind_everyone", "orchard": "wind_orchard"}),
        Level(17.2, 13.9, advice={"everyone": "wind_everyone", "orchard": "wind_orchard"}),
        Level(24.5, 20.8, advice={"everyone": "wind_everyone", "orchard": "wind_orchard"}),
        Level(32.7, 28.5, advice={"everyone": "wind_everyone", "orchard": "wind_orchard"}),
    ),
    monitor=Monitor("wind_speed_maximum"),
    source=_BEAUFORT,
    quiet=timedelta(hours=3),
    patience=timedelta(hours=6),
    freshness=timedelta(hours=3),
    validity=timedelta(hours=6),
    note="A level is left below the next lower class, for three hours: the lulls of a storm do not end it.",
)

GUST = Rule(
    name="gust",
    hazard="wind",
    unit="m/s",
    pack="vietnam 1",
    step=Step.GRID,
    condition=highest("wind_gust"),
    quantities=("wind_gust",),
    levels=(
        Level(17.2, 13.9, advice={"everyone": "wind_everyone", "orchard": "wind_orchard"}),
        Level(24.5, 20.8, advice={"everyone": "wind_everyone", "orchard": "wind_orchard"}),
    ),
    monitor=Monitor("wind_gust_maximum"),
    source=_BEAUFORT,
    quiet=timedelta(hours=3),
    patience=timedelta(hours=6),
    freshness=timedelta(hours=3),
    validity=timedelta(hours=6),
)

STORM_LEVEL = Rule(
    name="storm_level",
    hazard="storm",
    unit="1",
    decimals=0,
    pack="vietnam 2",
    article="Điều 42",
    step=Step.GRID,
    condition=storm,
    quantities=("wind_speed",),
    needs=(of_place("storm_region", "only what all regions of the article agree on is known: 8-9 and from 16"),),
    levels=tuple(
        Level(float(number), float(number), advice={"everyone": "wind_everyone", "orchard": "wind_orchard"})
        for number in range(1, 6)
    ),
    source="Quyết định 18/2021/QĐ-TTg (from 1 July 2021), Điều 42, read in the Ministry of Justice's codification",
    note=(
        "The article speaks of the wind of a storm that is forecast over an area; a station's mean wind stands for it, "
        "of whatever weather it comes. On land the lowest level is 3, from Beaufort 8 on; levels 1 and 2 it has none."
    ),
    quiet=timedelta(hours=3),
    patience=timedelta(hours=6),
    freshness=timedelta(hours=3),
)
