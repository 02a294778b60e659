"""Nắng nóng, gay gắt, đặc biệt gay gắt by the day's maximum."""

from datetime import timedelta

from analytics.measure import day_maximum
from analytics.renewal import BY_DAY, Renew
from analytics.rule import Level, Monitor, Rule

HEAT = Rule(
    name="heat",
    hazard="heat",
    unit="Cel",
    pack="vietnam 1",
    condition=day_maximum("air_temperature"),
    quantities=("air_temperature",),
    levels=(
        Level(35.0, 35.0, advice={"cattle": "heat_cattle", "household": "heat_household"}),
        Level(37.0, 37.0, advice={"cattle": "heat_cattle", "household": "heat_household"}),
        Level(39.0, 39.0, advice={"cattle": "heat_cattle", "household": "heat_household"}),
    ),
    monitor=Monitor("air_temperature_maximum"),
    source=(
        "Daily maximum from 35, 37 and 39 °C as NCHMF bulletins print it; advice for cattle in prolonged heat: "
        "Cơ khí Đức Mạnh, farm guidance"
    ),
    note="The statute itself was not read; the risk levels of Quyết định 18/2021 are not encoded.",
    validity=timedelta(hours=12),
    renew=Renew(days=BY_DAY.days, record=2.0),
)
