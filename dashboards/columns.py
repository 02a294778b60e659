"""Columns that boards share: places with their links, levels, times, flags."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards import palette
from dashboards.panel import Column
from dashboards.words import Words
from telemetry.quantities import QUANTITIES

_STATION = "/d/nongvu-station-{}?var-station=${{__data.fields.station}}&${{__url_time_range}}"

NAME = Column(title=Words("Nơi", "Place"), link=Words(_STATION.format("vi"), _STATION.format("en")))
PLACE = Column(title=Words("Nơi", "Place"))
STATION = Column(title=Words("Mã", "Code"), width=130)
COMMUNE = Column(title=Words("Xã", "Commune"))
LEVEL = Column(title=Words("Cấp", "Level"), saying="levels", width=100)
TIME = Column(title=Words("Từ", "Since"), unit="dateTimeAsIso", width=165)
AT = Column(title=Words("Lúc", "At"), unit="dateTimeAsIso", width=165)
END = Column(title=Words("Đến", "Until"), unit="dateTimeAsIso", width=165)
COUNT = Column(title=Words("Số lượng", "Count"))
QUALITY = Column(title=Words("Chất lượng", "Quality"), saying="qualities", width=130)

#: Names of hazards in alerts (analytics/rules; a test compares them).
HAZARDS: Mapping[str, Words] = {
    "cold": Words("❄ Rét", "❄ Cold"),
    "frost": Words("✻ Sương muối", "✻ Frost"),
    "heat": Words("☀ Nắng nóng", "☀ Heat"),
    "rain": Words("☂ Mưa lớn", "☂ Heavy rain"),
    "network": Words("⌁ Mạng trạm", "⌁ Network"),
}
HAZARD = Column(title=Words("Thiên tai", "Hazard"), saying=HAZARDS)

#: Names of rules (analytics/rules; a test compares them).
RULES: Mapping[str, Words] = {
    "cold_spell": Words("Rét, rét đậm, rét hại", "Cold spell"),
    "frost": Words("Sương muối", "Frost"),
    "heat": Words("Nắng nóng", "Heat"),
    "heavy_rain": Words("Mưa lớn", "Heavy rain"),
    "silent_station": Words("Trạm mất tin", "Silent station"),
}
RULE = Column(title=Words("Quy tắc", "Rule"), saying=RULES)

QUANTITY = Column(title=Words("Đại lượng", "Quantity"), saying={name: palette.title_of(name) for name in QUANTITIES})


def of(quantity: str, **more: str) -> Column:
    """Column of a quantity: its title and unit from the table of quantities."""
    return Column(title=palette.title_of(quantity), unit=palette.unit_of(quantity), decimals=1, **more)  # type: ignore[arg-type]
