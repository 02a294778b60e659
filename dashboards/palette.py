"""Units, colours and the marks that stand beside every colour.

Vietnam's five disaster risk levels have their colours from Quyết định 18/2021/QĐ-TTg, Điều 4: light blue, light yellow,
orange, red, purple. Other colours are Okabe and Ito's, which people who confuse red and green can tell apart. A colour
never speaks alone: levels carry their number, qualities a sign, series a name and a line style.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from dashboards.words import Language, QuantityName, Words
from telemetry.quantities import QUANTITIES
from telemetry.units import sign

#: Level → colour; 0 is no warning.
LEVEL_COLORS = MappingProxyType(
    {0: "#9aa5a0", 1: "#8ecae6", 2: "#f7e463", 3: "#f28e2b", 4: "#d62828", 5: "#7b2d8e"}
)  # fmt: skip
_CIRCLED = "○①②③④⑤"

# Okabe M., Ito K. (2008), Color Universal Design; yellow left out, since it cannot be read on white.
ORANGE, SKY, GREEN, BLUE, VERMILION, PINK, GREY = (
    "#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7", "#7f7f7f",
)  # fmt: skip

#: Of series whose names are not known beforehand, in this order.
SERIES = (BLUE, ORANGE, GREEN, VERMILION, SKY, PINK, "#5c4b99", "#8c6d31", GREY, "#1b1b1b")

#: QARTOD flag → colour, sign and name.
QUALITIES = MappingProxyType({
    1: (GREEN, Words("palette.good")),
    2: (SKY, Words("palette.not_evaluated")),
    3: (ORANGE, Words("palette.suspect")),
    4: (VERMILION, Words("palette.fail")),
    9: (GREY, Words("palette.missing")),
})  # fmt: skip

#: UCUM → Grafana's own unit; what Grafana has none for is written out behind the value.
_GRAFANA = MappingProxyType({
    "Cel": "celsius", "%": "percent", "hPa": "pressurehpa", "kPa": "pressurekpa", "mm": "lengthmm", "m": "lengthm",
    "m/s": "velocityms", "deg": "degree", "W/m2": "Wm2", "min": "m", "h": "h", "d": "d", "s": "s", "lx": "lux",
    "[ppm]": "ppm", "dB": "dB", "V": "volt", "dBm": "dBm", "m3/s": "cms", "m3": "m3", "By": "bytes", "[pH]": "pH",
    "mg/L": "conmgL", "{index}": "none", "{ratio}": "none", "1": "none", "": "none", "{count}": "short", "/h": "short",
})  # fmt: skip
#: Grafana's unit → as people write it, where a picture is drawn without Grafana; what it scales is not here.
WRITTEN = MappingProxyType({
    name: sign(ucum) for ucum, name in _GRAFANA.items() if name not in {"none", "short", "s", "bytes"}
})  # fmt: skip


def unit(ucum: str) -> str:
    """Grafana's unit of a UCUM unit."""
    return _GRAFANA.get(ucum) or f"suffix: {sign(ucum)}"


def unit_of(name: str) -> str:
    """Grafana's unit of a quantity."""
    return unit(QUANTITIES[name].unit)


def title_of(name: str) -> Words:
    """Title of a quantity."""
    return QuantityName(name)


def levels(language: Language) -> list[dict[str, Any]]:
    """Value mappings that write a level's number beside its colour."""
    names = {0: Words("palette.none")} | {level: Words("columns.level_number", level) for level in range(1, 6)}
    shown = {
        str(level): {"text": f"{_CIRCLED[level]} {name.get(language)}", "color": LEVEL_COLORS[level], "index": level}
        for level, name in names.items()
    }
    return [{"type": "value", "options": shown}]


def qualities(language: Language) -> list[dict[str, Any]]:
    """Value mappings of QARTOD flags: sign, word, colour."""
    shown = {
        str(flag): {"text": name.get(language), "color": color, "index": position}
        for position, (flag, (color, name)) in enumerate(QUALITIES.items())
    }
    return [{"type": "value", "options": shown}]


def spoken(language: Language, words: dict[str, Words]) -> list[dict[str, Any]]:
    """Value mappings that say a table's words in a language; no colour."""
    shown = {
        value: {"text": said.get(language), "index": position} for position, (value, said) in enumerate(words.items())
    }
    return [{"type": "value", "options": shown}]


def steps(*thresholds: tuple[float, str], base: str = GREEN) -> dict[str, Any]:
    """Thresholds: a base colour, then a colour from each value up."""
    return {
        "mode": "absolute",
        "steps": [{"color": base}, *({"value": value, "color": color} for value, color in thresholds)],
    }
