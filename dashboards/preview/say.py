"""Values as people read them: units behind, times in local time, levels and qualities with their signs."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from dashboards.palette import WRITTEN
from dashboards.panel import Column, Panel, Saying, mappings
from dashboards.words import NO_DATA, Language

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def said(value: Any, unit: str, decimals: int | None, saying: Saying, language: Language) -> tuple[str, str]:
    """Text of a value, and the colour that a mapping gives it (empty: none)."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NO_DATA.get(language) if not unit else "–", ""
    if saying:
        options = mappings(saying, language)[0]["options"]
        shown = options.get(str(int(value)) if isinstance(value, int | float | Decimal) else str(value))
        if shown:
            return shown["text"], shown.get("color", "")
    return escape(plain(value, unit, decimals)), ""


def plain(value: Any, unit: str, decimals: int | None) -> str:  # noqa: PLR0911
    """Number, time or text with its unit."""
    if isinstance(value, datetime):
        return f"{value.astimezone(ZONE):%d/%m/%Y %H:%M}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return str(value)
    number = float(value)
    if unit == "bytes":
        return _scaled(number)
    if unit == "s":
        return duration(number)
    if unit == "percentunit":
        return f"{number:.0%}"
    suffix = unit.removeprefix("suffix: ") if unit.startswith("suffix:") else WRITTEN.get(unit, "")
    return f"{_digits(number, decimals)} {suffix}".rstrip()


def _digits(number: float, decimals: int | None) -> str:
    if decimals is None:
        decimals = 0 if abs(number) >= 100 or number == int(number) else 1 if abs(number) >= 10 else 2
    return f"{round(number, decimals) + 0.0:,.{decimals}f}".replace(",", " ")  # + 0.0: nobody reads "-0.00"


def _scaled(number: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(number) < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"


def duration(seconds: float) -> str:
    """Seconds in the unit that fits."""
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.1f} s"


def cell(panel: Panel, name: str, value: Any, language: Language) -> tuple[str, str]:
    """Text and colour of a value in a named column of a panel."""
    column = panel.columns.get(name)
    unit = (column.unit if column else "") or panel.unit
    decimals = column.decimals if column and column.decimals is not None else panel.decimals
    saying = (column.saying if column else "") or panel.saying
    return said(value, unit, decimals, saying, language)


def title(panel: Panel, name: str, language: Language) -> str:
    """What a column or series is called."""
    column: Column | None = panel.columns.get(name)
    return escape(column.title.get(language) if column else name)


def threshold_color(panel: Panel, value: float) -> str:
    """Colour of the threshold that a value has reached; empty without thresholds."""
    if not panel.thresholds:
        return ""
    color = ""
    for step in panel.thresholds["steps"]:
        if "value" not in step or value >= step["value"]:
            color = step["color"]
    return color
