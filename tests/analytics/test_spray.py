"""Hours fit for spraying: each limit just below, at and above it; what is not measured is not known."""

from datetime import date

import numpy as np
import pytest

from analytics.grid import HOUR, local_days, of_values
from analytics.index import Places, Window
from analytics.indices.psychrometrics import psychrometric_wet_bulb
from analytics.indices.spray import INDICES, fit_for_spraying


@pytest.mark.parametrize(
    ("kilometres", "depression", "rain", "fit"),
    [
        (1.9, 5.0, 0.0, 0), (2.0, 5.0, 0.0, 1), (15.0, 5.0, 0.0, 1), (15.1, 5.0, 0.0, 0),
        (8.0, 1.9, 0.0, 0), (8.0, 2.0, 0.0, 1), (8.0, 8.0, 0.0, 1), (8.0, 8.1, 0.0, 0), (8.0, 5.0, 0.2, 0),
    ],
)  # fmt: skip
def test_each_limit(kilometres, depression, rain, fit):
    assert fit_for_spraying(kilometres / 3.6, depression, rain) == fit


def day(**changed):
    """Fit hours of a fair day: 25 °C and 60 % (Delta T of 5.5 K), 7 km/h, dry; some hours otherwise."""
    weather = {"air_temperature": 25.0, "relative_humidity": 60.0, "wind_speed": 2.0, "precipitation": 0.0}
    laid = {name: np.full((1, 24), value) for name, value in weather.items()}
    for name, (hours, value) in changed.items():
        laid[name][0, hours] = value
    grid = local_days(date(2026, 4, 1), date(2026, 4, 1), ["Asia/Ho_Chi_Minh"], HOUR)
    places = Places(*(np.array([one]) for one in (21.8, 106.8, 260.0, 2.0)))
    readings = {name: of_values(values) for name, values in laid.items()}
    (index,) = INDICES
    return float(index.evaluate(Window(grid, places, readings)).value[0, 0])


def test_hours_of_a_day_are_counted_from_5_to_19():
    assert 2.0 < 25.0 - psychrometric_wet_bulb(25.0, 60.0, 98.2) < 8.0
    assert day() == 14
    assert day(wind_speed=(slice(0, 8), 0.2)) == 11
    assert day(precipitation=(slice(12, 13), 1.0)) == 9, "the hour itself and the four before it"
    assert np.isnan(day(wind_speed=(slice(0, 24), np.nan)))
