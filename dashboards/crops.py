"""What they are called, in columns and within SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dashboards.words import Language, Words

#: Crops that indices know (analytics/indices/crops.toml; a test compares them).
CROPS: Mapping[str, Words] = {
    "rice_spring": Words("Lúa xuân", "Spring rice"),
    "rice_summer": Words("Lúa mùa", "Summer rice"),
    "maize": Words("Ngô", "Maize"),
    "potato": Words("Khoai tây", "Potato"),
    "cabbage": Words("Bắp cải", "Cabbage"),
    "tomato": Words("Cà chua", "Tomato"),
    "vegetables": Words("Rau màu", "Vegetables"),
    "tea": Words("Chè", "Tea"),
    "tobacco": Words("Thuốc lá", "Tobacco"),
    "custard_apple": Words("Na", "Custard apple"),
    "persimmon": Words("Hồng", "Persimmon"),
    "star_anise": Words("Hồi", "Star anise"),
}
_NAME = re.compile(r"\$__crop\(([^)]*)\)")


def spoken(sql: str, language: Language) -> str:
    """SQL with every ``$__crop(column)`` written out: the crop's name in the board's language."""
    names = " ".join(f"WHEN '{code}' THEN '{words.get(language)}'" for code, words in CROPS.items())
    return _NAME.sub(rf"CASE \1 {names} ELSE \1 END", sql)
