"""The four texts of a bulletin in one language: title, SMS, radio, page (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notify import languages
from notify.texts import crop_advice
from notify.texts.message_text import wording
from notify.texts.weather_facts import Facts, advice

#: Rain below this is none. [mm]
DRY = 0.1


@dataclass(frozen=True, slots=True)
class _Text:
    """What the texts have in common."""

    found: Facts
    daily: bool
    words: Mapping[str, str]
    decimal: str
    past: str
    ahead: str
    longs: Sequence[str]
    fields: Sequence[str]
    advice: str

    def number(self, value: float, digits: int = 0) -> str:
        """A number with the language's decimal mark."""
        return f"{value:.{digits}f}".replace(".", self.decimal)

    def day(self, name: str) -> str:
        """Day of the bulletin by one of the language's patterns."""
        return self.found.day.strftime(self.words[name])

    @property
    def span(self) -> str:
        """The time that lies behind."""
        return self.words["yesterday" if self.daily else "ten_days_past"]

    @property
    def coming(self) -> str:
        """The time ahead."""
        return self.words["next_day" if self.daily else "ten_days_ahead"]


def language_for(found: Facts, wanted: str) -> str:
    """The language itself if all that the bulletin says can be said in it, else Vietnamese."""
    code = languages.SHELF.spoken(wanted, "bulletin", "field")
    whole = all(code in alert["texts"] for alert in found.alerts)
    titles = [title for crop in found.crops if (title := crop.get("title"))]
    return code if whole and all(code in title for title in titles) else languages.OFFICIAL


def compose_all(found: Facts, kind: str, language: str) -> dict[str, str]:
    """Title, short, radio and page text of a bulletin in a language."""
    words, said = languages.SHELF.words(language, "bulletin"), [wording(a["texts"], language) for a in found.alerts]
    daily, decimal = kind == "daily", languages.SHELF.language(language).decimal
    text = _Text(
        found, daily, words, decimal,
        past=_past(found, daily, words, decimal), ahead=_ahead(found, words, decimal),
        longs=[str(alert.get("long", "")) for alert in said],
        fields=crop_advice.lines(found.crops, found.day, _rain_ahead(found, daily), language),
        advice=" ".join(advice(found, language)),
    )  # fmt: skip
    title = words["daily_title" if daily else "ten_day_title"].format(day=text.day("title_day"), commune=found.commune)
    shorts = [str(alert.get("short", "")) for alert in said]
    return {"title": title, "short": _short(text, shorts), "radio": _radio(text), "page": _page(text)}


def _rain_ahead(found: Facts, daily: bool) -> float | None:
    """Rain of the next 24 hours [mm], where that is what the forecast was asked for."""
    return float(found.ahead["precipitation"]["total"]) if daily and "precipitation" in found.ahead else None


def _number(value: float, decimal: str, digits: int = 0) -> str:
    return f"{value:.{digits}f}".replace(".", decimal)


def _rain(total: float, words: Mapping[str, str], decimal: str) -> str:
    if total < DRY:
        return words["no_rain"]
    return words["rain"].format(total=_number(total, decimal, 0 if total >= 1 else 1))


def _past(found: Facts, daily: bool, words: Mapping[str, str], decimal: str) -> str:
    """Temperature, rain, humidity of the time that lies behind, as far as they are known."""
    said = []
    if "air_temperature_minimum" in found.least and "air_temperature_maximum" in found.most:
        least, most = found.least["air_temperature_minimum"], found.most["air_temperature_maximum"]
        said.append(words["past_range"].format(least=_number(least, decimal), most=_number(most, decimal)))
    if "precipitation_sum" in found.total:
        total = found.total["precipitation_sum"]
        rain = _rain(total, words, decimal)
        wet = not daily and total >= DRY
        said.append(words["rain_days"].format(rain=rain, days=found.rain_days) if wet else rain)
    if "relative_humidity_mean" in found.mean:
        said.append(words["humidity"].format(value=_number(found.mean["relative_humidity_mean"], decimal)))
    return ", ".join(said)


def _ahead(found: Facts, words: Mapping[str, str], decimal: str) -> str:
    """Temperature and rain of the forecast."""
    said = []
    if "air_temperature" in found.ahead:
        air = found.ahead["air_temperature"]
        least, most = _number(air["least"], decimal), _number(air["most"], decimal)
        said.append(words["ahead_range"].format(least=least, most=most))
    if "precipitation" in found.ahead:
        said.append(_rain(found.ahead["precipitation"]["total"], words, decimal))
    return ", ".join(said)


def _short(text: _Text, shorts: Sequence[str]) -> str:
    words = text.words
    said = [words["short_head"].format(commune=text.found.commune, day=text.day("short_day"))]
    spans = ((text.span, text.past), (text.coming, text.ahead))
    said += [words["short_span"].format(span=span, values=values) for span, values in spans if values]
    return " ".join([*said, *shorts]).strip()


def _radio(text: _Text) -> str:
    words, found = text.words, text.found
    opening = words["daily_opening" if text.daily else "ten_day_opening"]
    lines = [opening.format(commune=found.commune, day=text.day("radio_day"))]
    lines += _behind(text, "radio_past")
    if not text.daily and "reference_evapotranspiration" in found.total:
        lines.append(words["water_lost"].format(total=text.number(found.total["reference_evapotranspiration"])))
    if text.ahead:
        lines.append(words["radio_ahead"].format(span=text.coming, values=text.ahead))
    lines += [*text.longs, *text.fields]
    if text.advice:
        lines.append(words["radio_advice"].format(advice=text.advice))
    return "\n".join([*lines, words["radio_closing"]]).strip()


def _behind(text: _Text, name: str) -> list[str]:
    """The time that lies behind, with the station that stands in where the commune has none of its own."""
    if not text.past:
        return []
    if text.found.own:
        return [text.words[name].format(span=text.span, values=text.past)]
    near = text.words[f"{name}_near"]
    return [near.format(span=text.span, values=text.past, station=text.found.stations[0])]


def _page(text: _Text) -> str:
    words, found = text.words, text.found
    lines = _behind(text, "page_past")
    if "wind_gust_maximum" in found.most:
        lines.append(words["page_gust"].format(value=text.number(found.most["wind_gust_maximum"], 1)))
    if "reference_evapotranspiration" in found.total:
        lines.append(words["water_lost"].format(total=text.number(found.total["reference_evapotranspiration"], 1)))
    if text.ahead:
        lines.append(_page_ahead(text, next((row["source"] for row in found.ahead.values()), "")))
    lines += [*text.longs, *text.fields]
    if text.advice:
        lines.append(words["page_advice"].format(advice=text.advice))
    return "\n".join([*lines, words["page_stations"].format(stations=", ".join(found.stations))]).strip()


def _page_ahead(text: _Text, source: Any) -> str:
    said = {"span": text.coming, "values": text.ahead}
    if source:
        return text.words["page_ahead_source"].format(**said, source=source)
    return text.words["page_ahead"].format(**said)
