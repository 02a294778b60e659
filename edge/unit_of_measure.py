"""Units of measure in which instruments speak, and the way to the units of the table of quantities."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conversion:
    """Stored value = (value + before) × times ÷ over; two integers keep decimal digits exact."""

    to: str
    times: float = 1.0
    over: float = 1.0
    before: float = 0.0

    def __call__(self, value: float) -> float:
        """Value in the unit ``to``."""
        return (value + self.before) * self.times / self.over


# Definitions of the units themselves: SI brochure (9th edition) and NIST SP 811 (2008), appendix B.
CONVERSIONS: dict[str, tuple[Conversion, ...]] = {
    "degF": (Conversion("Cel", 5, 9, before=-32),),
    "K": (Conversion("Cel", before=-273.15),),
    "Pa": (Conversion("hPa", 1, 100), Conversion("kPa", 1, 1000)),
    "kPa": (Conversion("hPa", 10),),
    "mbar": (Conversion("hPa"),),
    "inHg": (Conversion("hPa", 33.86389),),
    "mmHg": (Conversion("hPa", 1.333224),),
    "km/h": (Conversion("m/s", 10, 36),),
    "mph": (Conversion("m/s", 0.44704),),
    "kn": (Conversion("m/s", 1852, 3600),),
    "cm/s": (Conversion("m/s", 1, 100),),
    "in": (Conversion("mm", 25.4),),
    "um": (Conversion("mm", 1, 1000),),
    "mm": (Conversion("m", 1, 1000),),
    "cm": (Conversion("m", 1, 100), Conversion("mm", 10)),
    "%": (Conversion("m3/m3", 1, 100),),
    "m3/m3": (Conversion("%", 100),),
    "uS/cm": (Conversion("dS/m", 1, 1000),),
    "mS/cm": (Conversion("dS/m"),),
    "mS/m": (Conversion("dS/m", 1, 100),),
    "S/m": (Conversion("dS/m", 10),),
    "mV": (Conversion("V", 1, 1000),),
    "h": (Conversion("min", 60),),
    "s": (Conversion("min", 1, 60),),
    "l": (Conversion("m3", 1, 1000),),
    "m3/h": (Conversion("m3/s", 1, 3600),),
    "l/s": (Conversion("m3/s", 1, 1000),),
    "klx": (Conversion("lx", 1000),),
    "mg/m3": (Conversion("ug/m3", 1000),),
    "bar": (Conversion("kPa", 100), Conversion("hPa", 1000)),
}


class UnknownUnit(ValueError):  # noqa: N818 — says what it is, as KeyError does
    """A unit that cannot be turned into the one asked for."""


def conversion(unit: str, to: str) -> Conversion:
    """Conversion between two units, or `UnknownUnit` naming those that would do."""
    if unit in ("", to):
        return Conversion(to)
    for candidate in CONVERSIONS.get(unit, ()):
        if candidate.to == to:
            return candidate
    known = sorted(name for name, ways in CONVERSIONS.items() if any(way.to == to for way in ways))
    message = f"cannot turn {unit!r} into {to!r}; write {to!r}" + (f" or one of {', '.join(known)}" if known else "")
    raise UnknownUnit(message)


def tidy(value: float) -> float:
    """Value without the noise of binary arithmetic: twelve significant digits, more than any instrument has."""
    return float(f"{value:.12g}")
