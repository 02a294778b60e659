"""Beaufort classes of the mean wind and of gusts."""

from datetime import timedelta

from analytics.index import Step
from analytics.measure import current, highest
from analytics.rule import Level, Monitor, Rule, Status

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
    unit="m/s",
    pack="vietnam 1",
    status=Status.UNVERIFIED,
    step=Step.GRID,
    condition=current("wind_speed"),
    quantities=("wind_speed",),
    levels=(
        Level(17.2, 13.9, advice={"everyone": "wind_everyone", "orchard": "wind_orchard"}),
        Level(32.7, 28.5, advice={"everyone": "wind_everyone", "orchard": "wind_orchard"}),
    ),
    source="Quyết định 18/2021/QĐ-TTg, Điều 42: group of the province on land not established",
    note="Off: whether Lạng Sơn belongs to the Đông Bắc Bộ or the Việt Bắc group could not be verified.",
    quiet=timedelta(hours=3),
    patience=timedelta(hours=6),
    freshness=timedelta(hours=3),
)
