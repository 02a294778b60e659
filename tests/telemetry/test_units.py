"""Units as people read them: every unit of a quantity or an index has a sign without the marks of UCUM."""

import re

import pytest

from analytics.indices import ALL
from dashboards import palette
from telemetry.quantities import QUANTITIES
from telemetry.units import sign

UNITS = sorted({row.unit for row in QUANTITIES.values()} | {index.unit for index in ALL})


@pytest.mark.parametrize("unit", UNITS)
def test_no_mark_of_ucum_is_shown(unit):
    assert not re.search(r"[][{}]|[a-z][23]|Cel|^1$", sign(unit)), f"give {unit!r} a sign in telemetry/units.py"
    assert not re.search(r"[][{}]|suffix: $", palette.unit(unit)), f"give {unit!r} a unit in dashboards/palette.py"


def test_a_quantity_knows_its_sign():
    assert QUANTITIES["air_temperature"].sign == "°C"
    assert QUANTITIES["precipitation"].sign == "mm"
    assert QUANTITIES["soil_ph"].sign == "pH"
    assert [sign(unit) for unit in ("{index}", "1", "m3/m3", "kPa")] == ["", "", "m³/m³", "kPa"]
