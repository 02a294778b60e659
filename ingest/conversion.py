"""Units as loggers and weather services write them, turned into the unit in which a quantity is stored."""

from __future__ import annotations

from telemetry.quantities import QUANTITIES, quantity

#: Other spellings of a UCUM unit.
SPELLINGS = {
    "°c": "Cel", "c": "Cel", "degc": "Cel", "deg c": "Cel", "deg_c": "Cel", "celsius": "Cel", "cel": "Cel",
    "°f": "degF", "f": "degF", "degf": "degF", "deg f": "degF", "deg_f": "degF", "fahrenheit": "degF",
    "k": "K", "kelvin": "K", "%": "%", "percent": "%", "pct": "%", "%rh": "%",
    "hpa": "hPa", "mbar": "hPa", "mb": "hPa", "pa": "Pa", "kpa": "kPa", "mmhg": "mmHg", "inhg": "inHg", "in hg": "inHg",
    "in": "in", "inch": "in", "mm": "mm", "cm": "cm", "m": "m", "ft": "ft",
    "m/s": "m/s", "ms-1": "m/s", "meters/second": "m/s", "m s-1": "m/s", "km/h": "km/h", "kmh": "km/h", "mph": "mph",
    "mp/h": "mph", "mi/h": "mph", "kt": "kt", "kn": "kt", "knots": "kt",
    "deg": "deg", "degrees": "deg", "°": "deg", "w/m2": "W/m2", "w/m^2": "W/m2", "w/m²": "W/m2", "wm-2": "W/m2",
    "mj/m2": "MJ/m2", "v": "V", "volts": "V", "volt": "V", "mv": "mV", "m3/m3": "m3/m3",
    "m^3/m^3": "m3/m3", "m³/m³": "m3/m3",
    "ds/m": "dS/m", "ms/cm": "dS/m", "us/cm": "uS/cm", "µs/cm": "uS/cm", "dbm": "dBm", "mg/l": "mg/L", "ppm": "[ppm]",
    "lx": "lx", "lux": "lx", "s": "s", "min": "min", "minutes": "min", "h": "h", "": "",
}  # fmt: skip

#: (from, to) → factor, offset: stored = value × factor + offset. NIST SP 811, appendix B.
FACTORS = {
    ("degF", "Cel"): (5 / 9, -160 / 9),
    ("K", "Cel"): (1.0, -273.15),
    ("Pa", "hPa"): (0.01, 0.0),
    ("kPa", "hPa"): (10.0, 0.0),
    ("mmHg", "hPa"): (1.333224, 0.0),
    ("inHg", "hPa"): (33.86389, 0.0),
    ("in", "mm"): (25.4, 0.0),
    ("cm", "mm"): (10.0, 0.0),
    ("m", "mm"): (1000.0, 0.0),
    ("cm", "m"): (0.01, 0.0),
    ("mm", "m"): (0.001, 0.0),
    ("ft", "m"): (0.3048, 0.0),
    ("km/h", "m/s"): (1 / 3.6, 0.0),
    ("mph", "m/s"): (0.44704, 0.0),
    ("kt", "m/s"): (1852 / 3600, 0.0),
    ("mV", "V"): (0.001, 0.0),
    ("uS/cm", "dS/m"): (0.001, 0.0),
    ("%", "m3/m3"): (0.01, 0.0),
    ("m3/m3", "%"): (100.0, 0.0),
    ("s", "min"): (1 / 60, 0.0),
    ("h", "min"): (60.0, 0.0),
}


class ConversionError(ValueError):
    """A unit from which a quantity cannot be had; never worth another try."""


def conversion(unit: str, name: str) -> tuple[float, float]:
    """Factor and offset from a unit, however spelled, to the stored unit of a quantity; no unit is the stored one."""
    wanted = quantity(name).unit
    spelled = SPELLINGS.get(unit.strip().lower(), unit.strip())
    if spelled in ("", wanted):
        return 1.0, 0.0
    if (spelled, wanted) in FACTORS:
        return FACTORS[spelled, wanted]
    message = f"{name} is stored in {wanted!r}, which cannot be had from {unit!r}"
    raise ConversionError(message)


def known(name: str) -> bool:
    """Whether a quantity is in the table."""
    return name in QUANTITIES
