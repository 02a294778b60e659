"""How units are written for people, by UCUM; a unit that is not here is written as UCUM has it."""

from __future__ import annotations

from types import MappingProxyType

#: UCUM → sign, where that differs; empty where nothing is written behind a number.
SIGNS = MappingProxyType({
    "Cel": "°C", "Cel.d": "°C·d", "Cel.h": "°C·h", "deg": "°", "m3": "m³", "m3/s": "m³/s", "m3/m3": "m³/m³",
    "W/m2": "W/m²", "MJ/m2": "MJ/m²", "ug/m3": "µg/m³", "[pH]": "pH", "[ppm]": "ppm", "[NTU]": "NTU", "By": "byte",
    "/h": "1/h", "VND": "đ", "{index}": "", "{ratio}": "", "{count}": "", "1": "",
})  # fmt: skip


def sign(ucum: str) -> str:
    """Sign of a unit behind a number; empty for a number without one."""
    return SIGNS.get(ucum, ucum)
