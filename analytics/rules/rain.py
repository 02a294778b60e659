"""Mưa vừa, mưa to, mưa rất to by the sum of the last 24 hours."""

from datetime import timedelta

from analytics.index import Step
from analytics.indices.flash_flood import BEFORE, OF_PLACE
from analytics.measure import flash_flood, rain_sum, short_rain, sudden_rain
from analytics.rule import Level, Monitor, Rule, Status

HEAVY_RAIN = Rule(
    name="heavy_rain",
    hazard="rain",
    unit="mm",
    pack="vietnam 1",
    step=Step.HOUR,
    condition=rain_sum(24),
    quantities=("precipitation",),
    before=1,
    tells_from=2,
    levels=(
        Level(16.0, 12.0, advice={"rice": "heavy_rain_rice"}),
        Level(50.0, 40.0, inclusive=False, advice={"rice": "heavy_rain_rice", "everyone": "rain_everyone"}),
        Level(100.0, 80.0, inclusive=False, advice={"rice": "heavy_rain_rice", "everyone": "rain_everyone"}),
    ),
    monitor=Monitor("precipitation_24h_maximum"),
    source=(
        "Mưa to over 50 to 100 mm and mưa rất to over 100 mm in 24 h: Quyết định 18/2021/QĐ-TTg, Điều 5(17); "
        "mưa vừa from 16 mm in 24 h: scale of the bulletins"
    ),
    note=(
        "The 24 hours slide hour by hour; levels are left at 80 % of their threshold (75 % for mưa vừa), and only "
        "after six hours below it: a shower on a wet day is no new warning."
    ),
    quiet=timedelta(hours=6),
    patience=timedelta(hours=12),
    freshness=timedelta(hours=6),
    validity=timedelta(hours=12),
)


SUDDEN_RAIN = Rule(
    name="sudden_rain",
    hazard="rain",
    unit="mm",
    pack="crop 1",
    status=Status.OWN,
    step=Step.GRID,
    condition=sudden_rain,
    quantities=("precipitation",),
    before=2,
    levels=(
        Level(
            20.0,
            10.0,
            advice={
                "everyone": "rain_everyone",
                "forest": "stream_forest",
                "technician": "sudden_rain_ask",
                "officer": "sudden_rain_ask",
            },
        ),
    ),
    source=(
        "Own rule: a bucket of more than 6 % of the world's record for its length that nothing before it bears out, "
        "and that would open level 2 of the short rains if it were true: 20 mm in 10 minutes, 50 in an hour"
    ),
    quiet=timedelta(minutes=30),
    patience=timedelta(hours=3),
    freshness=timedelta(hours=2),
    validity=timedelta(hours=3),
    note="What one bucket says alone opens no level of heavy rain; rain beside it, or a person's word, does.",
)

INTENSE_RAIN_10 = Rule(
    name="intense_rain_10min",
    hazard="rain",
    unit="mm",
    pack="crop 1",
    status=Status.OWN,
    step=Step.GRID,
    condition=short_rain(10),
    quantities=("precipitation",),
    before=1,
    levels=(
        Level(10.0, 5.0, advice={"everyone": "rain_everyone", "forest": "stream_forest"}),
        Level(20.0, 10.0, advice={"everyone": "rain_everyone", "forest": "stream_forest"}),
    ),
    source="Own choice of operation; Vietnamese criteria speak of 12 and 24 hours",
    quiet=timedelta(hours=1),
    patience=timedelta(hours=3),
    freshness=timedelta(hours=1),
    validity=timedelta(hours=3),
    note="Only of stations that report every 10 minutes or oftener.",
)

INTENSE_RAIN_60 = Rule(
    name="intense_rain_60min",
    hazard="rain",
    unit="mm",
    pack="crop 1",
    status=Status.OWN,
    step=Step.GRID,
    condition=short_rain(60),
    quantities=("precipitation",),
    before=1,
    levels=(
        Level(30.0, 20.0, advice={"everyone": "rain_everyone", "forest": "stream_forest"}),
        Level(50.0, 35.0, advice={"everyone": "rain_everyone", "forest": "stream_forest"}),
    ),
    source="Own choice of operation; Vietnamese criteria speak of 12 and 24 hours",
    quiet=timedelta(hours=1),
    patience=timedelta(hours=6),
    freshness=timedelta(hours=2),
    validity=timedelta(hours=3),
)

FLASH_FLOOD = Rule(
    name="flash_flood_rain",
    hazard="flood",
    unit="1",
    decimals=0,
    pack="vietnam 2",
    article="Điều 46",
    step=Step.HOUR,
    condition=flash_flood,
    quantities=("precipitation",),
    needs=OF_PLACE,
    before=BEFORE,
    levels=(
        Level(
            1.0,
            1.0,
            advice={
                "everyone": "flash_flood_everyone_1",
                "forest": "stream_forest",
                "officer": "flash_flood_officer_1",
            },
        ),
        Level(
            2.0,
            2.0,
            advice={
                "everyone": "flash_flood_everyone_2",
                "forest": "flash_flood_forest_2",
                "officer": "flash_flood_officer_2",
            },
        ),
        Level(
            3.0,
            3.0,
            advice={
                "everyone": "flash_flood_everyone_3",
                "forest": "flash_flood_forest_3",
                "officer": "flash_flood_officer_3",
            },
        ),
    ),
    source="Quyết định 18/2021/QĐ-TTg (from 1 July 2021), Điều 46, read in the Ministry of Justice's codification",
    note=(
        "The article speaks of rain warned of over an area; rain that fell in 24 hours at the station, and the days of "
        "rain in a row before, stand for it hour by hour. Where a row's days before are not met, the next lower row "
        "holds; where none is (a dry spell before), the level is not defined by rain alone: that is shown, and the "
        "heavy rain rules speak. Of susceptibility unset the least that is certain holds, and level 1 where any would "
        "reach it; of region unset, Khu vực 2 as taken for Lạng Sơn so far. The annex of regions was not read."
    ),
    quiet=timedelta(hours=3),
    patience=timedelta(hours=12),
    freshness=timedelta(hours=6),
    validity=timedelta(hours=12),
)
