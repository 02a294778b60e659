"""What quantities, indices, rules and crops are called and say, for those who know only the tables.

``python -m analytics.catalogue`` writes ``analytics/catalogue.json``, ``docs/rules.md`` and ``docs/quantities.md``; a
test compares them with the shelves, and ``nongvu store migrate`` loads the former into the table ``catalogue``.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analytics import languages
from analytics.indices import ALL
from analytics.indices.crops import crops
from analytics.lacks import when_unknown
from analytics.properties import PROPERTIES, Property
from analytics.rule import Level, Rule, Status, Urgency
from analytics.rules import RULES
from telemetry.quantities import QUANTITIES

_SIGNS = {(False, False): ">", (False, True): "≥", (True, False): "<", (True, True): "≤"}


def entries() -> list[dict[str, Any]]:
    """Every entry: kind, name, and what is said of it."""
    found = [
        *(("quantity", name, asdict(quantity) | quantity.titles) for name, quantity in QUANTITIES.items()),
        *(("index", index.name, _index(index)) for index in ALL),
        *(("rule", rule.name, _rule(rule)) for rule in RULES),
        *(("crop", crop.name, _crop(crop)) for crop in crops().values()),
        *(("property", name, _property(said)) for name, said in PROPERTIES.items()),
    ]
    plain = [{"kind": kind, "name": name, "entry": entry} for kind, name, entry in found]
    return json.loads(json.dumps(plain))  # type: ignore[no-any-return]


def _index(index: Any) -> dict[str, Any]:
    return {
        "title": dict(index.title),
        "unit": index.unit,
        "step": index.step.value,
        "season": index.season,
        "aggregate": index.aggregate.value,
        "completeness": index.completeness,
        "methods": list(index.methods),
        "needs": [need.name for need in index.needs],
        "source": index.source,
        "equation": index.equation,
        "note": index.note,
    }


def _property(said: Property) -> dict[str, Any]:
    row = asdict(said)
    limits = {key: row.pop(key) for key in ("name", "unit", "minimum", "maximum")}
    return {**limits, **said.titles, **row}


def _crop(crop: Any) -> dict[str, Any]:
    return {
        "title": dict(crop.title),
        "audience": crop.audience,
        "parameters": dict(crop.parameters),
        "provenance": dict(crop.provenance),
        "perennial": crop.perennial,
        "note": crop.note,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "title": dict(rule.title),
        "hazard": rule.hazard,
        "unit": rule.unit,
        "pack": rule.pack,
        "category": rule.category,
        "article": rule.article,
        "audiences": sorted(rule.audiences),
        "status": rule.status.value,
        "enabled": rule.status is not Status.UNVERIFIED,
        "step": rule.step.value,
        "below": rule.below,
        "season": rule.season,
        "unsown": rule.unsown,
        "quantities": list(rule.quantities),
        "indices": list(rule.indices),
        "unknown": when_unknown(rule),
        "kinds": sorted(rule.kinds),
        "crops": sorted(rule.crops),
        "for_crops": sorted(rule.for_crops),
        "for_animals": sorted(rule.for_animals),
        "months": sorted(rule.months),
        "minimum_hours": rule.minimum.total_seconds() / 3600,
        "quiet_hours": rule.quiet.total_seconds() / 3600,
        "freshness_hours": rule.freshness.total_seconds() / 3600,
        "validity_hours": rule.validity.total_seconds() / 3600,
        "renew_days": list(rule.renewal.days),
        "renew_hours": rule.renewal.hours,
        "renew_record": rule.renewal.record,
        "tells_from": rule.tells_from,
        "monitor": None if rule.monitor is None else {"index": rule.monitor.index, "nights": rule.monitor.nights},
        "urgency": rule.urgency.value,
        "proxy": rule.proxy,
        "source": rule.source,
        "note": rule.note,
        "levels": [_level(rule, number, level) for number, level in enumerate(rule.levels, 1)],
        "frames": {language: _frame(language) for language in rule.languages},
    }


def _level(rule: Rule, number: int, level: Level) -> dict[str, Any]:
    said = {language: rule.words(number, language) for language in rule.languages}
    words = {
        language: {"name": one.name, "fact": one.fact, "act": one.act, "advice": dict(one.advice)}
        for language, one in said.items()
    }
    return {"enter": level.enter, "leave": level.leave, "inclusive": level.inclusive, "words": words}


def _frame(language: str) -> dict[str, Any]:
    frame = languages.SHELF.tree(language, "frame")
    kinds = {kind: dict(frame[kind]) for kind in ("short", "long", "group")}
    return {**kinds, "proxy": frame["proxy"]}


def _again(rule: Rule) -> list[str]:
    """When people are told that it goes on."""
    renew, said = rule.renewal, []
    if renew.days:
        distance = renew.days[-1] - renew.days[-2]
        said.append(f"said again on days {', '.join(map(str, renew.days))} and every {distance} after")
    if renew.hours:
        said.append(f"said again every {renew.hours} h")
    if renew.record:
        said.append(f"and on a day worse by {renew.record:g} {rule.unit}")
    return said


ABSENT = """\
## Not here, and why

- What of Quyết định 18/2021 is computed, what is not and why: [law.md](law.md).
- Băng giá (glaze): described in the press without a number.
"""


def rules_page() -> str:
    """Text of ``docs/rules.md``."""
    lines = [
        "# Rules",
        "",
        "Made from the shelf by `python -m analytics.catalogue`; do not edit. *verified*: the numbers were read in the",
        "source named; *own*: a choice of operation of no authority, to be set per place; *unverified*: off until an",
        "operator switches it on. Station rules stand for areal criteria, and their messages say so.",
        "`nongvu rule set` changes thresholds for an area; `nongvu rule preview` shows what that would have meant.",
        "*Messages from level n*: lower levels come too often to be worth a message; they stand on the page, and go",
        "only to those who named the hazard among those that they want. *Told by day*: a message waits for the end of",
        "a person's quiet hours whatever its level, and is not repeated.",
        "*Not known*: what a rule does where something that it needs is not there. Where it cannot be judged, or only",
        "by what is certain, that stands in the table `unjudged` with its reason, on the station's page, in the",
        "office, in `nongvu doctor`, `nongvu rule preview` and at `/v1/stations/{code}/unjudged`.",
        "",
    ]
    for pack in dict.fromkeys(rule.pack for rule in RULES):
        lines += [f"## Pack *{pack}*", ""]
        for rule in RULES:
            if rule.pack == pack:
                lines += _section(rule)
    return "\n".join([*lines, ABSENT])


def _section(rule: Rule) -> list[str]:
    state = "" if rule.status is not Status.UNVERIFIED else ", **off**"
    lines = [f"### `{rule.name}` — {rule.title['vi']} / {rule.title['en']} ({rule.status.value}{state})", ""]
    lines += ["| level | enters | leaves | vi | en |", "|---|---|---|---|---|"]
    for number, level in enumerate(rule.levels, start=1):
        sign = _SIGNS[rule.below, level.inclusive]
        names = (rule.words(number, "vi").name, rule.words(number, "en").name)
        lines.append(f"| {number} | {sign} {level.enter:g} {rule.unit} | {level.leave:g} | {names[0]} | {names[1]} |")
    hours = {"held for": rule.minimum, "left after": rule.quiet}
    times = [f"{word} {span.total_seconds() / 3600:g} h" for word, span in hours.items() if span]
    months = [f"months {', '.join(map(str, sorted(rule.months)))}"] if rule.months else []
    told = [f"messages from level {rule.tells_from}"] if rule.tells_from > 1 else []
    told += ["told by day"] if rule.urgency is Urgency.EXPECTED else []
    told += [f"heard by {', '.join(sorted(rule.audiences))} alone"] if rule.audiences else []
    official = f"Official criterion ({rule.article}), computed from stations. " if rule.article else ""
    again = _again(rule)
    lines += [
        "",
        f"{official}Per {rule.step.value}" + "".join(f"; {text}" for text in [*times, *months, *told, *again]) + ".",
    ]
    if rule.monitor is not None:
        lines += [f"Held against `{rule.monitor.index}` on the board and by `nongvu analytics skill`."]
    lines += [f"Source: {rule.source}."] + ([f"{rule.note}"] if rule.note else [])
    if unknown := when_unknown(rule):
        lines += ["", "Not known:", "", *(f"- {text}" for text in unknown)]
    return [*lines, ""]


QUANTITIES_HEAD = """\
# Quantities

Made from `telemetry/quantities.py` by `python -m analytics.catalogue`; do not edit. A name that is not here is neither
sent, stored nor charted. Values are stored in the unit given here (UCUM); outside the limits a reading is kept, and
flagged as failed. *By day*: how readings become one value of a longer time. Levels go behind a slash:
`soil_moisture/-0.30m`.
"""


def quantities_page() -> str:
    """Text of ``docs/quantities.md``."""
    lines = [
        QUANTITIES_HEAD,
        "| quantity | unit | shown | from | to | by day | en | vi | CF |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{row.name}` | {row.unit} | {row.sign} | {row.minimum:g} | {row.maximum:g} | {row.aggregate.value} "
        f"| {row.title('en')} | {row.title('vi')} | {row.cf_name} |"
        for row in QUANTITIES.values()
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Write the committed files."""
    here = Path(__file__).parent
    text = json.dumps(entries(), ensure_ascii=False, indent=1)
    (here / "catalogue.json").write_text(text + "\n", encoding="utf-8")
    (here.parent / "docs" / "rules.md").write_text(rules_page(), encoding="utf-8")
    (here.parent / "docs" / "quantities.md").write_text(quantities_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
