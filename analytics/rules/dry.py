"""Drought by SPI, and forest fire weather."""

from datetime import timedelta

from analytics.measure import month_end, of_index
from analytics.rule import Level, Rule, Status, Urgency

DROUGHT_SPI = Rule(
    name="drought_spi",
    hazard="drought",
    unit="1",
    pack="crop 1",
    condition=month_end("spi_3"),
    quantities=("precipitation",),
    indices=("spi_3",),
    below=True,
    urgency=Urgency.EXPECTED,
    levels=(
        Level(-1.0, -0.5, advice={"rice": "drought_spi_rice", "officer": "drought_spi_officer"}),
        Level(-1.5, -1.0, advice={"rice": "drought_spi_rice", "officer": "drought_spi_officer"}),
        Level(-2.0, -1.5, advice={"rice": "drought_spi_rice", "officer": "drought_spi_officer"}),
    ),
    source="WMO-No. 1090, Standardized Precipitation Index User Guide: classes −1, −1.5, −2",
    validity=timedelta(days=10),
    freshness=timedelta(days=5),
    note="Decided at the end of each month. The official levels (Điều 48) ask for scarce rain and surface "
    "water: docs/law.md.",
)

FIRE_WEATHER = Rule(
    name="fire_weather",
    hazard="fire",
    unit="1",
    decimals=0,
    pack="crop 1",
    status=Status.OWN,
    condition=of_index("fire_weather_index"),
    quantities=("air_temperature",),
    indices=("fire_weather_index",),
    tells_from=2,
    urgency=Urgency.EXPECTED,
    levels=(
        Level(21.3, 18.0, advice={"forest": "fire_forest"}),
        Level(38.0, 32.0, advice={"forest": "fire_forest"}),
        Level(50.0, 42.0, advice={"forest": "fire_forest"}),
    ),
    source="Own choice: class limits in use for Europe (EFFIS); not calibrated in Vietnam",
)

FIRE_PROVINCE = Rule(
    name="fire_province",
    hazard="fire",
    unit="1",
    decimals=0,
    pack="vietnam 1",
    status=Status.UNVERIFIED,
    condition=of_index("fire_danger_level"),
    quantities=("air_temperature",),
    indices=("fire_danger_level",),
    urgency=Urgency.EXPECTED,
    levels=(
        Level(3.0, 3.0, advice={"forest": "fire_forest"}),
        Level(4.0, 4.0, advice={"forest": "fire_forest"}),
        Level(5.0, 5.0, advice={"forest": "fire_forest"}),
    ),
    source="Thông tư 25/2019/TT-BNNPTNT leaves the table to the province; Lạng Sơn's decision was not found",
    note="Off until the province's table (fire_rain_reset, fire_limit_1 to _4) is given as properties of the place. "
    "Who turns it on before has the table of Thừa Thiên Huế, and the message says so.",
)
