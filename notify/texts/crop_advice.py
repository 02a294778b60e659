"""Field: what grows in a commune, how far it is, and what that and the forecast ask for (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

#: Stages of a crop (FAO-56, ch. 6) as farmers say them, by number.
STAGES: Mapping[str, tuple[str, ...]] = {
    "vi": ("đầu vụ", "phát triển thân lá", "giữa vụ", "cuối vụ", "đến lúc thu hoạch"),
    "en": ("first growth", "growing", "mid-season", "late season", "time of harvest"),
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "vi": {
        "sown": "gieo trồng được {} ngày",
        "water_now": "cần tưới",
        "water_soon": "nếu không mưa, khoảng {} ngày nữa phải tưới",
        "gather": "sắp mưa, nên thu hoạch phần đã chín",
        "drain": "sắp mưa to, nên khơi rãnh để cây con khỏi úng",
    },
    "en": {
        "sown": "sown {} days ago",
        "water_now": "water it",
        "water_soon": "without rain, water it in about {} days",
        "gather": "rain is coming: bring in what is ripe",
        "drain": "heavy rain is coming: open drains for the young plants",
    },
}
#: Water is spoken of when it is due within so many days.
SOON = 5
#: Mưa vừa and mưa to, mm in 24 hours (analytics.rules.rain).
RAIN, HEAVY_RAIN = 16.0, 50.0


def lines(crops: Sequence[Mapping[str, Any]], day: date, rain_ahead: float | None, language: str) -> list[str]:
    """Say each crop: its name, days and stage, what to do; ``rain_ahead`` is that of 24 hours [mm], None: unknown."""
    return [_line(crop, day, rain_ahead or 0.0, "en" if language == "en" else "vi") for crop in crops]


def _line(crop: Mapping[str, Any], day: date, rain: float, language: str) -> str:
    words, stage, water = WORDS[language], crop.get("stage"), crop.get("days_to_irrigation")
    name = (crop.get("title") or {}).get(language) or str(crop["crop"]).replace("_", " ").capitalize()
    said = [words["sown"].format((day - crop["sown"]).days)]
    if stage is not None:
        said.append(STAGES[language][min(max(int(stage), 1), 5) - 1])
    if stage is not None and stage >= 4 and rain >= RAIN:
        said.append(words["gather"])
    elif stage is not None and stage < 2 and rain > HEAVY_RAIN:
        said.append(words["drain"])
    elif water is not None and water < SOON and rain < RAIN:
        said.append(words["water_soon"].format(int(water)) if water >= 1 else words["water_now"])
    return f"{name}: {', '.join(said)}."
