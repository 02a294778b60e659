"""Nắng nóng, gay gắt, đặc biệt gay gắt by the day's maximum."""

from datetime import timedelta

from analytics.measure import day_maximum
from analytics.renewal import BY_DAY, Renew
from analytics.rule import Level, Monitor, Rule

HEAT = Rule(
    name="heat",
    hazard="heat",
    unit="Cel",
    pack="vietnam 2",
    condition=day_maximum("air_temperature"),
    quantities=("air_temperature",),
    levels=(
        Level(35.0, 35.0, inclusive=False, advice={"cattle": "heat_cattle", "household": "heat_household"}),
        Level(37.0, 37.0, inclusive=False, advice={"cattle": "heat_cattle", "household": "heat_household"}),
        Level(39.0, 39.0, inclusive=False, advice={"cattle": "heat_cattle", "household": "heat_household"}),
    ),
    monitor=Monitor("air_temperature_maximum"),
    source=(
        "Nắng nóng: maximum over 35 °C, Quyết định 18/2021/QĐ-TTg, Điều 5(21); over 37, 39 °C: its bands of Điều 47, "
        "named gay gắt and đặc biệt gay gắt as bulletins do; advice for cattle in prolonged heat: Cơ khí Đức Mạnh"
    ),
    note=(
        'Điều 5(21) says "exceeding 35", Điều 47 begins "from 35": the definition decides, and the operator is a '
        "setting (`inclusive`, for each level). The official level by days in a row is `law_heat`."
    ),
    validity=timedelta(hours=12),
    renew=Renew(days=BY_DAY.days, record=2.0),
)
