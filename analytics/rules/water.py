"""Water bodies: marks of reservoirs and rivers, and how fast the water rises."""

from datetime import timedelta

from analytics.index import Step, of_index
from analytics.measure import of_hour
from analytics.rule import Level, Rule, Status

WATER_MARKS = Rule(
    name="water_marks",
    hazard="water",
    unit="1",
    decimals=0,
    pack="crop 1",
    step=Step.HOUR,
    condition=of_hour("water_marks_reached"),
    quantities=("water_level",),
    needs=(of_index("water_marks_reached"),),
    levels=(
        Level(1.0, 1.0, advice={"everyone": "water_everyone"}),
        Level(2.0, 2.0, advice={"everyone": "water_everyone"}),
        Level(3.0, 3.0, advice={"everyone": "water_everyone"}),
    ),
    source="Marks of the place itself (báo động 1, 2, 3; MNDBT, MNLTK, MNLKT), as the operator gave them",
    quiet=timedelta(hours=2),
    patience=timedelta(hours=12),
    freshness=timedelta(hours=3),
    validity=timedelta(hours=12),
    proxy=False,
)

WATER_RISE = Rule(
    name="water_rise",
    hazard="water",
    unit="m/h",
    decimals=2,
    pack="crop 1",
    status=Status.OWN,
    step=Step.HOUR,
    condition=of_hour("water_level_rise"),
    quantities=("water_level",),
    levels=(
        Level(0.3, 0.15, advice={"everyone": "water_everyone"}),
        Level(1.0, 0.5, advice={"everyone": "water_everyone"}),
    ),
    source="Own choice of operation, to be set per river",
    quiet=timedelta(hours=2),
    patience=timedelta(hours=12),
    freshness=timedelta(hours=2),
    validity=timedelta(hours=6),
    proxy=False,
)
