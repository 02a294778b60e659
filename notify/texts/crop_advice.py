"""What grows in a commune, how far it is, and what that and the forecast ask for (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from notify import languages

#: Water is spoken of when it is due within so many days.
SOON = 5
#: Mưa vừa and mưa to, mm in 24 hours (analytics.rules.rain).
RAIN, HEAVY_RAIN = 16.0, 50.0


def lines(crops: Sequence[Mapping[str, Any]], day: date, rain_ahead: float | None, language: str) -> list[str]:
    """Say each crop: its name, days and stage, what to do; ``rain_ahead`` is that of 24 hours [mm], None: unknown."""
    return [_line(crop, day, rain_ahead or 0.0, language) for crop in crops]


def _line(crop: Mapping[str, Any], day: date, rain: float, language: str) -> str:
    words, stage, water = languages.SHELF.words(language, "field"), crop.get("stage"), crop.get("days_to_irrigation")
    name = (crop.get("title") or {}).get(language) or str(crop["crop"]).replace("_", " ").capitalize()
    said = [words["sown"].format(days=(day - crop["sown"]).days)]
    if stage is not None:
        said.append(languages.SHELF.listed(language, "field", "stages")[min(max(int(stage), 1), 5) - 1])
    if stage is not None and stage >= 4 and rain >= RAIN:
        said.append(words["gather"])
    elif stage is not None and stage < 2 and rain > HEAVY_RAIN:
        said.append(words["drain"])
    elif water is not None and water < SOON and rain < RAIN:
        said.append(words["water_soon"].format(days=int(water)) if water >= 1 else words["water_now"])
    return f"{name}: {', '.join(said)}."
