"""Rows made ready for the page's template; no query and no HTML here, save the charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from api import languages
from api.answers import stored_json
from api.web.chart import chart
from api.web.words import Language, ago, number, short_date, sign_of, time_and_date, weekday, with_unit
from store import visible_row
from telemetry.quantities import QUANTITIES, Aggregate

#: What people look for first; other quantities follow in the order of the table of quantities.
FIRST = ("air_temperature", "precipitation", "relative_humidity", "wind_speed", "wind_gust", "soil_moisture",
         "soil_temperature", "water_level", "dissolved_oxygen", "water_temperature")  # fmt: skip
#: About the device, not about the field.
HIDDEN = frozenset({"battery_voltage", "battery_level", "signal_strength", "enclosure_temperature"})
#: Has no chart.
UNDRAWN = HIDDEN | {"wind_direction"}
#: A value older than this is called old.
FRESH = timedelta(hours=3)
HOUR = timedelta(hours=1)


def rank(quantity: str) -> int:
    """Place of a quantity on the page."""
    if quantity in FIRST:
        return FIRST.index(quantity)
    names = list(QUANTITIES)
    return len(FIRST) + (names.index(quantity) if quantity in names else len(names))


def title(quantity: str, level: str, language: Language) -> str:
    """Name of a datastream for people."""
    known = QUANTITIES.get(quantity)
    name = known.title(language) if known else quantity.replace("_", " ")
    return f"{name} ({level.replace('-', '−', 1)})" if level else str(name)


@dataclass(frozen=True, slots=True)
class Value:
    """One value as it stands under "Now"."""

    title: str
    text: str
    old: str
    doubtful: bool


def latest_values(rows: Sequence[visible_row.Latest], now: datetime, language: Language) -> list[Value]:
    """Newest values, those that matter first."""
    shown = sorted((row for row in rows if row["quantity"] not in HIDDEN), key=lambda row: rank(row["quantity"]))
    values = []
    for row in shown:
        age, unit = now - row["time"], QUANTITIES[row["quantity"]].unit if row["quantity"] in QUANTITIES else ""
        values.append(
            Value(
                title(row["quantity"], row["level"], language),
                with_unit(row["value"], unit, language),
                ago(age, language) if age > FRESH else "",
                row["quality"] > 2,
            )
        )
    return values


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture and what it says."""

    title: str
    picture: Markup
    says: str


def _says(points: Sequence[tuple[datetime, float]], unit: str, zone: ZoneInfo, language: Language, total: bool) -> str:
    words = languages.SHELF.words(language, "page")
    if total:
        return f"{words['total']} {with_unit(sum(value for _, value in points), unit, language)}"
    low, high = min(points, key=lambda point: point[1]), max(points, key=lambda point: point[1])
    return "; ".join(
        f"{words[word]} {with_unit(value, unit, language)} ({time_and_date(moment.astimezone(zone), language)})"
        for word, (moment, value) in (("lowest", low), ("highest", high))
    )


def charts(
    series: Sequence[tuple[visible_row.Datastream, list[tuple[datetime, float]]]],
    times: tuple[datetime, datetime],
    zone: ZoneInfo,
    language: Language,
) -> list[Chart]:
    """A chart for every series of hourly values that has any."""
    made = []
    for datastream, points in series:
        known = QUANTITIES[datastream["quantity"]]
        if len(points) < 2 or known.aggregate is Aggregate.VECTOR:
            continue
        total = known.aggregate is Aggregate.SUM
        name = title(datastream["quantity"], datastream["level"], language)
        says = _says(points, known.unit, zone, language, total)
        picture = chart(
            points, times, zone=zone, unit=known.unit, language=language, bars=total, every=HOUR,
            label=f"{name}: {says}",
        )  # fmt: skip
        unit = sign_of(known.unit)
        made.append(Chart(f"{name} ({unit})" if unit else name, Markup(picture), says))  # noqa: S704 — labels escaped
    return made


@dataclass(frozen=True, slots=True)
class Warned:
    """An open alert in words."""

    id: int
    title: str
    level: int
    #: Said of days to come, not measured.
    forecast: bool
    place: str
    text: str
    since: str
    #: What everybody does first, and what those do who have this or that.
    act: tuple[str, ...] = ()
    advice: tuple[tuple[str, str], ...] = ()
    #: Of the law whose criterion it is; empty: no official one.
    article: str = ""


def alerts(rows: Sequence[visible_row.Alert], language: Language, rules: dict[str, dict[str, object]]) -> list[Warned]:
    """Open alerts, the gravest first; ``rules`` are their entries in the catalogue."""
    ordered = sorted(rows, key=lambda row: (-row["level"], row["started"]))
    return [_warned(row, language, rules.get(row["rule"], {})) for row in ordered]


def _warned(row: visible_row.Alert, language: Language, rule: dict[str, object]) -> Warned:
    texts, (name, act) = (
        stored_json.texts(row["texts"], language),
        stored_json.level_words(rule, row["level"], language),
    )
    title = name or stored_json.title(rule, language, row["rule"].replace("_", " "))
    said = texts.long or texts.short
    advice = dict(texts.advice)
    everybody = tuple(text for text in (act, advice.pop("everyone", "")) if text)
    by_kind = tuple((audience_name(one, language), text) for one, text in advice.items() if one not in NOT_FARMERS)
    place = f"{row['place_name']}, {row['commune_name']}" if row["commune_name"] else row["place_name"]
    since = time_and_date(row["started"].astimezone(ZoneInfo(row["time_zone"])), language)
    return Warned(
        row["id"], title, row["level"], row["basis"] == "forecast", place,
        " ".join(said.replace(act, " ").split()) if act else said, since, everybody, by_kind, row["article"] or "",
    )  # fmt: skip


#: Whose advice stands on the officers' side alone.
NOT_FARMERS = frozenset({"officer", "technician"})


def audience_name(audience: str, language: Language) -> str:
    """Whom a piece of advice is for, in the reader's language."""
    return languages.SHELF.words(language, "audiences").get(audience, audience.replace("_", " "))


@dataclass(frozen=True, slots=True)
class Danger:
    """Alerts that say the same of several places."""

    title: str
    level: int
    forecast: bool
    act: tuple[str, ...]
    advice: tuple[tuple[str, str], ...]
    places: list[Warned]
    article: str = ""


def dangers(warned: Sequence[Warned]) -> list[Danger]:
    """Alerts by what they warn of, in their order: what to do is read once, not once a station."""
    found: dict[tuple[str, int, bool, str], list[Warned]] = {}
    for one in warned:
        found.setdefault((one.title, one.level, one.forecast, one.article), []).append(one)
    return [
        Danger(
            title,
            level,
            forecast,
            tuple(dict.fromkeys(text for one in places for text in one.act)),
            tuple(dict.fromkeys(advice for one in places for advice in one.advice)),
            places,
            article,
        )
        for (title, level, forecast, article), places in found.items()
    ]


@dataclass(frozen=True, slots=True)
class Daily:
    """Index values of the last days."""

    days: list[datetime]
    rows: list[tuple[str, list[str]]]


def daily(
    rows: Sequence[visible_row.IndexValue] | Sequence[visible_row.ComingIndex],
    names: Mapping[str, Mapping[str, object]],
    zone: ZoneInfo,
    language: Language,
    *,
    newest: bool = True,
) -> Daily:
    """Indices of three days, a row each: the newest first, or what is coming; those the catalogue has a title for."""
    values = {(row["index"], row["time"].astimezone(zone).date()): row["value"] for row in rows if not row["season"]}
    days = sorted({day for _, day in values}, reverse=newest)[:3]
    table = []
    for name, entry in names.items():
        said = stored_json.title(entry, language)
        if said and any((name, day) in values for day in days):
            unit = stored_json.unit(entry)
            cells = [with_unit(values[name, day], unit, language) if (name, day) in values else "–" for day in days]
            table.append((said, cells))
    return Daily([datetime(day.year, day.month, day.day, tzinfo=zone) for day in days], table)


def coming(rows: Sequence[visible_row.Forecast], zone: ZoneInfo, language: Language) -> list[dict[str, str]]:
    """Forecast by local day: range of the air's temperature, sum of rain."""
    days: dict[date, dict[str, list[float]]] = {}
    for row in rows:
        of_day = days.setdefault(row["valid_time"].astimezone(zone).date(), {})
        of_day.setdefault(row["quantity"], []).append(row["value"])
    said = []
    for day, values in sorted(days.items())[:5]:
        air, rain = values.get("air_temperature", []), values.get("precipitation", [])
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        span = f"{number(min(air), 'Cel', language)} – {with_unit(max(air), 'Cel', language)}" if air else "–"
        total = with_unit(sum(rain), "mm", language) if rain else "–"
        said.append(
            {
                "day": f"{weekday(midnight, language)} {short_date(midnight, language)}",
                "temperature": span,
                "rain": total,
            }
        )
    return said


def bulletin(rows: Sequence[visible_row.Bulletin], language: Language) -> dict[str, object] | None:
    """Newest bulletin in the reader's language, else in Vietnamese."""
    for row in rows:
        if said := stored_json.bulletin_text(row["texts"], language):
            return {"text": said, "audio": row["audio"]}
    return None


@dataclass(frozen=True, slots=True)
class Station:
    """A station in the list of all; a thousand are written a page."""

    code: str
    name: str
    temperature: str


def temperature(value: float | None, language: Language) -> str:
    """Air temperature in the list of stations."""
    return "–" if value is None else f"{number(value, 'Cel', language)} °C"
