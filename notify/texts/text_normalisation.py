"""Spell: numbers, units, dates and times in words, as an announcer would read them (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_GROUPS = ("", "nghìn", "triệu", "tỷ")

#: Units that follow a number; longest first, so that km/h is not read as km.
_UNITS_VI = {
    "°C": "độ xê", "độ C": "độ xê", "km/h": "ki lô mét trên giờ", "m/s": "mét trên giây", "mm/h": "mi li mét trên giờ",
    "mg/L": "mi li gam trên lít", "mg/l": "mi li gam trên lít", "kg/ha": "ki lô gam trên héc ta",
    "m³/s": "mét khối trên giây",
    "kWh": "ki lô oát giờ", "hPa": "héc tô pát xcan", "mm": "mi li mét", "cm": "xăng ti mét", "km": "ki lô mét",
    "kg": "ki lô gam", "ha": "héc ta", "m²": "mét vuông", "m³": "mét khối", "ml": "mi li lít", "%": "phần trăm",
    "°": "độ", "m": "mét", "g": "gam", "V": "vôn", "C": "độ xê", "l": "lít", "h": "giờ",
}  # fmt: skip
_UNITS_EN = {
    "°C": "degrees Celsius", "km/h": "kilometres an hour", "m/s": "metres a second", "mm/h": "millimetres an hour",
    "mg/L": "milligrams a litre", "kg/ha": "kilograms a hectare", "hPa": "hectopascals", "mm": "millimetres",
    "cm": "centimetres", "km": "kilometres", "kg": "kilograms", "ha": "hectares", "%": "percent", "°": "degrees",
    "C": "degrees Celsius", "m": "metres",
}  # fmt: skip
_NUMBER = r"-?\d+(?:[.,]\d+)?"
_SHORT_VI = {
    "TB": "trung bình", "TP.": "thành phố", "Tp.": "thành phố", "KT-TV": "khí tượng thủy văn",
    "UBND": "ủy ban nhân dân",
    "BVTV": "bảo vệ thực vật", "NPK": "en pê ca", "NH3": "en hát ba",
    "cấp I": "cấp một", "cấp II": "cấp hai", "cấp III": "cấp ba", "cấp IV": "cấp bốn", "cấp V": "cấp năm",
}  # fmt: skip


def spelled(text: str, language: str = "vi") -> str:
    """Text with everything in words that a voice would misread."""
    return _vietnamese(text) if language == "vi" else _english(text)


def number(value: int) -> str:
    """Whole number in Vietnamese words."""
    if value < 0:
        return f"âm {number(-value)}"
    if value < 10:
        return _DIGITS[value]
    groups: list[int] = []
    while value:
        value, rest = divmod(value, 1000)
        groups.append(rest)
    words: list[str] = []
    for place in range(len(groups) - 1, -1, -1):
        if groups[place]:
            words += [_hundreds(groups[place], first=not words), _GROUPS[place % 4] if place < 4 else "tỷ tỷ"]
    return " ".join(filter(None, words))


def _hundreds(value: int, *, first: bool) -> str:
    hundreds, rest = divmod(value, 100)
    tens, ones = divmod(rest, 10)
    words = [] if first and not hundreds else [_DIGITS[hundreds], "trăm"]
    if tens > 1:
        words += [_DIGITS[tens], "mươi"]
    elif tens == 1:
        words.append("mười")
    elif ones and words:
        words.append("linh")
    if ones:
        words.append(_one(tens, ones))
    return " ".join(words)


def _one(tens: int, ones: int) -> str:
    """Last digit, whose word depends on the tens: mốt after mươi, lăm after any ten."""
    if ones == 1 and tens > 1:
        return "mốt"
    return "lăm" if ones == 5 and tens else _DIGITS[ones]


def decimal(written: str) -> str:
    """Number as written, with a comma or a point, in Vietnamese words."""
    sign = "âm " if written.startswith("-") else ""
    whole, _, part = written.lstrip("-").replace(".", ",").partition(",")
    if not part:
        return sign + number(int(whole))
    digits = part.rstrip("0")
    if not digits:
        return sign + number(int(whole))
    # Two digits are read as a number, more one by one; a leading nought is said.
    tail = number(int(digits)) if len(digits) <= 2 and digits[0] != "0" else " ".join(_DIGITS[int(d)] for d in digits)
    return f"{sign}{number(int(whole))} phẩy {tail}"


def _vietnamese(text: str) -> str:
    for short, full in _SHORT_VI.items():
        text = re.sub(rf"(?<!\w){re.escape(short)}(?!\w)", full, text)
    text = re.sub(r"(\d)\.(\d{3})(?!\d)", r"\1\2", text)  # 1.200: a point between thousands
    text = re.sub(r"\b(\d{1,2})[:h](\d{2})\b", lambda m: _clock(int(m[1]), int(m[2])), text)
    text = re.sub(r"(?:ngày )?\b(\d{1,2})/(\d{1,2})(?:/(\d{4}))?\b(?!\d)", _date, text)
    text = re.sub(rf"(?<!\w)({_NUMBER})\s*[-–]\s*(\d+(?:[.,]\d+)?)", r"\1 đến \2", text)
    text = _with_units(text, _UNITS_VI, decimal)
    text = re.sub(rf"(?<![\w,.]){_NUMBER}(?!\w)", lambda m: decimal(m[0]), text)
    return re.sub(r"[ \t]+", " ", text).strip()


def _clock(hours: int, minutes: int) -> str:
    return f"{number(hours)} giờ" + (f" {number(minutes)} phút" if minutes else "")


def _date(found: re.Match[str]) -> str:
    day, month = int(found[1]), int(found[2])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return found[0]
    # Day 1 to 10 are "mùng"; the fourth month is "tư".
    said = f"ngày {'mùng ' if day <= 10 else ''}{number(day)} tháng {'tư' if month == 4 else number(month)}"
    return said + (f" năm {number(int(found[3]))}" if found[3] else "")


def _english(text: str) -> str:
    text = re.sub(rf"({_NUMBER})\s*[-–]\s*(\d+(?:[.,]\d+)?)", r"\1 to \2", text)
    return re.sub(r"[ \t]+", " ", _with_units(text, _UNITS_EN, lambda written: written)).strip()


def _with_units(text: str, units: dict[str, str], said: Callable[[str], str]) -> str:
    names = "|".join(re.escape(unit) for unit in sorted(units, key=len, reverse=True))
    pattern = rf"(?<![\w,.])({_NUMBER})\s?({names})(?![\w/])"
    return re.sub(pattern, lambda m: f"{said(m[1])} {units[m[2]]}", text)
