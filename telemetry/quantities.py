"""The one table of what can be said: a name that is not in it is neither sent, stored nor charted."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from telemetry.units import sign


class Aggregate(StrEnum):
    """How readings of a quantity become one value of a longer period."""

    MEAN = "mean"
    SUM = "sum"
    VECTOR = "vector"  # directions: the direction of the mean unit vector
    LAST = "last"
    MAXIMUM = "maximum"


@dataclass(frozen=True, slots=True)
class Quantity:
    """An observed property, in the field's standard terms."""

    name: str
    #: CF standard name (version 85); empty where CF has none.
    cf_name: str
    #: UCUM unit in which values are stored.
    unit: str
    #: SenML unit (RFC 8428, RFC 8798) in which values travel.
    senml_unit: str
    #: Stored value = sent value × factor.
    factor: float
    #: Physical limits, inclusive [unit]; a value outside is flagged *fail*.
    minimum: float
    maximum: float
    #: Largest believable change between two readings one minute apart [unit]; None where not known.
    step: float | None
    #: Smallest variation expected within an hour [unit]; None where a constant value is normal.
    persistence: float | None
    aggregate: Aggregate

    @property
    def sign(self) -> str:
        """How `unit` is written for people."""
        return sign(self.unit)

    def title(self, language: str) -> str:
        """Name for people; Vietnamese in a language that has none."""
        from telemetry import languages  # noqa: PLC0415 — a gateway names nothing to people and needs no files of texts

        return languages.SHELF.words(language, "quantities")[self.name]

    @property
    def titles(self) -> dict[str, str]:
        """Name in every language."""
        from telemetry import languages  # noqa: PLC0415

        return {code: self.title(code) for code in languages.SHELF.codes}

    def from_senml(self, value: float) -> float:
        """Stored value [unit] of a value that travelled in ``senml_unit``."""
        return value if self.factor == 1.0 else value * self.factor

    def to_senml(self, value: float) -> float:
        """Value to send [senml_unit] for a stored value; decimal digits are kept where the factor is a power of ten."""
        if self.factor == 1.0:
            return value
        return float(f"{value / self.factor:.12g}")


#: Share of the world's record from which rain is no longer believed here unasked: 65 mm in 10 minutes, 150 in an hour.
RAIN_SHARE = 0.36
_DAY = 86_400.0


def record_rain(seconds: Any) -> Any:
    """Most rain that was ever measured in so long a time [mm], of a number or an array of seconds.

    422 D^0.475 mm in D hours lies on or a little above the world's records from a minute (31 mm, Unionville 1956) to a
    day (1825 mm, Foc-Foc 1966): Chow, Maidment and Mays (1988), Applied Hydrology, section 14.4; records: WMO-No. 168
    and the WMO archive of weather extremes. Longer times are those of a day.
    """
    # no min() and max(): an array would not go through
    capped = seconds * (seconds < _DAY) + _DAY * (seconds >= _DAY)
    return 422.0 * (capped / 3600.0) ** 0.475


MEAN, SUM, VECTOR, LAST, MAXIMUM = Aggregate.MEAN, Aggregate.SUM, Aggregate.VECTOR, Aggregate.LAST, Aggregate.MAXIMUM

# Rain is limited by the time in which it fell (`record_rain`): 1900 mm is the most of a day.
# Steps and persistence: Zahumenský (2004), WMO guidelines on quality control of automatic stations, as one-minute
# suspect limits; ranges: the same and WMO-No. 8 where given, else what the common instruments can show.
_TABLE: tuple[Quantity, ...] = (
    Quantity("air_temperature", "air_temperature", "Cel", "Cel", 1.0, -80, 60, 3.0, 0.1, MEAN),
    Quantity("relative_humidity", "relative_humidity", "%", "%RH", 1.0, 0, 100, 10.0, 1.0, MEAN),
    Quantity("dew_point", "dew_point_temperature", "Cel", "Cel", 1.0, -80, 35, 2.0, 0.1, MEAN),
    Quantity("air_pressure", "surface_air_pressure", "hPa", "Pa", 0.01, 500, 1100, 0.5, 0.1, MEAN),
    Quantity("precipitation", "lwe_thickness_of_precipitation_amount", "mm", "mm", 1.0, 0, 1900, None, None, SUM),
    Quantity("wind_speed", "wind_speed", "m/s", "m/s", 1.0, 0, 75, 10.0, 0.5, MEAN),
    Quantity("wind_gust", "wind_speed_of_gust", "m/s", "m/s", 1.0, 0, 110, 20.0, None, MAXIMUM),
    Quantity("wind_direction", "wind_from_direction", "deg", "deg", 1.0, 0, 360, None, 10.0, VECTOR),
    Quantity("global_radiation", "surface_downwelling_shortwave_flux_in_air", "W/m2", "W/m2", 1.0, -20, 1600, 800.0,
             None, MEAN),
    Quantity("sunshine_duration", "duration_of_sunshine", "min", "min", 1.0, 0, 1440, None, None, SUM),
    Quantity("illuminance", "", "lx", "lx", 1.0, 0, 200_000, None, None, MEAN),
    Quantity("ultraviolet_index", "ultraviolet_index", "{index}", "/", 1.0, 0, 20, None, None, MEAN),
    Quantity("black_globe_temperature", "", "Cel", "Cel", 1.0, -80, 90, 5.0, 0.1, MEAN),
    Quantity("leaf_wetness", "", "%", "%", 1.0, 0, 100, None, None, MEAN),
    Quantity("soil_moisture", "volume_fraction_of_condensed_water_in_soil", "m3/m3", "/", 1.0, 0, 1, 0.2, None, MEAN),
    Quantity("soil_temperature", "soil_temperature", "Cel", "Cel", 1.0, -50, 80, 0.5, None, MEAN),
    Quantity("soil_electrical_conductivity", "", "dS/m", "S/m", 10.0, 0, 30, None, None, MEAN),
    Quantity("soil_water_potential", "", "kPa", "kPa", 1.0, -10_000, 10, None, None, MEAN),
    Quantity("soil_permittivity", "", "{ratio}", "/", 1.0, 1, 88, None, None, MEAN),
    Quantity("soil_ph", "", "[pH]", "pH", 1.0, 0, 14, None, None, MEAN),
    Quantity("soil_salinity", "", "mg/L", "mg/l", 1.0, 0, 20_000, None, None, MEAN),
    Quantity("soil_total_dissolved_solids", "", "mg/L", "mg/l", 1.0, 0, 20_000, None, None, MEAN),
    Quantity("soil_nitrogen", "", "mg/kg", "mg/kg", 1.0, 0, 2999, None, None, MEAN),
    Quantity("soil_phosphorus", "", "mg/kg", "mg/kg", 1.0, 0, 2999, None, None, MEAN),
    Quantity("soil_potassium", "", "mg/kg", "mg/kg", 1.0, 0, 2999, None, None, MEAN),
    Quantity("water_level", "water_surface_height_above_reference_datum", "m", "m", 1.0, -50, 2000, 1.0, None, MEAN),
    Quantity("water_flow", "water_volume_transport_in_river_channel", "m3/s", "m3/s", 1.0, 0, 50_000, None, None, MEAN),
    Quantity("water_volume", "", "m3", "m3", 1.0, 0, 1e6, None, None, SUM),
    Quantity("water_temperature", "water_temperature", "Cel", "Cel", 1.0, -2, 45, 1.0, None, MEAN),
    Quantity("dissolved_oxygen", "mass_concentration_of_oxygen_in_sea_water", "mg/L", "mg/l", 1.0, 0, 30, 3.0, None,
             MEAN),
    Quantity("water_ph", "", "[pH]", "pH", 1.0, 0, 14, 1.0, None, MEAN),
    Quantity("water_electrical_conductivity", "", "dS/m", "S/m", 10.0, 0, 100, None, None, MEAN),
    Quantity("water_turbidity", "", "[NTU]", "NTU", 1.0, 0, 10_000, None, None, MEAN),
    Quantity("total_ammonia_nitrogen", "", "mg/L", "mg/l", 1.0, 0, 100, None, None, MEAN),
    Quantity("carbon_dioxide", "mole_fraction_of_carbon_dioxide_in_air", "[ppm]", "ppm", 1.0, 0, 20_000, None, None,
             MEAN),
    Quantity("particulate_matter_2_5", "mass_concentration_of_pm2p5_ambient_aerosol_particles_in_air", "ug/m3",
             "ug/m3", 1.0, 0, 2000, None, None, MEAN),
    Quantity("particulate_matter_10", "mass_concentration_of_pm10_ambient_aerosol_particles_in_air", "ug/m3",
             "ug/m3", 1.0, 0, 5000, None, None, MEAN),
    Quantity("sound_level", "", "dB", "dB", 1.0, 0, 180, None, None, MEAN),
    Quantity("pest_count", "", "{count}", "/", 1.0, 0, 1e6, None, None, SUM),
    Quantity("battery_voltage", "battery_voltage", "V", "V", 1.0, 0, 100, 2.0, None, MEAN),
    Quantity("battery_level", "", "%", "%EL", 1.0, 0, 100, None, None, LAST),
    Quantity("signal_strength", "", "dBm", "dBm", 1.0, -150, 0, None, None, MEAN),
    Quantity("enclosure_temperature", "", "Cel", "Cel", 1.0, -50, 120, None, None, MEAN),
)  # fmt: skip

#: Quantities by name.
QUANTITIES = MappingProxyType({quantity.name: quantity for quantity in _TABLE})


class UnknownQuantity(ValueError):  # noqa: N818 — says what it is, as KeyError does
    """A name that is not in the table of quantities."""


def quantity(name: str) -> Quantity:
    """Return the row of the table, or raise `UnknownQuantity` naming the remedy."""
    try:
        return QUANTITIES[name]
    except KeyError:
        near = difflib.get_close_matches(name, QUANTITIES, 3, 0.5)
        hint = f"do you mean {' or '.join(near)}? " if near else ""
        message = f"{name!r} is no quantity: {hint}All that can be said are in docs/quantities.md"
        raise UnknownQuantity(message) from None
