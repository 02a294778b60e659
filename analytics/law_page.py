"""The page docs/law.md, made from the pack: ``python -m analytics.law_page > docs/law.md``; a test compares.

A pack is a set of rules with the law's numbers as they hold from a day on; an older one stays readable below.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from analytics.indices import flash_flood, law
from analytics.rules import RULES


@dataclass(frozen=True, slots=True)
class Pack:
    """Numbers of the law as they hold from a day on."""

    name: str
    valid_from: date
    #: When it was replaced here; None: it holds.
    replaced: date | None
    decision: str
    note: str


PACKS = (
    Pack(
        "vietnam 2", date(2021, 7, 1), None, "Quyết định 18/2021/QĐ-TTg",
        "Read in the Ministry of Justice's codification (Bộ Pháp điển điện tử, đề mục 24.10), copy of July 2026, "
        "whole, "
        "twice by two readers. No amendment was seen; that is no proof of none. Not in the copy: the annexes (table 5: "
        "regions of flash flood; table 11: fire zones; annex XIII: river stations).",
    ),
    Pack(
        "vietnam 1", date(2021, 7, 1), date(2026, 12, 1), "bulletins, press and what was known of the decision",
        "Heat began at 35, 37 and 39 °C themselves (now above them); storms had two levels (from Beaufort 8 and 12) "
        "and "
        "were off; no level of Điều 44, 45, 47, 48, 53 or 54. Its rules that are unchanged go on under its name.",
    ),
)  # fmt: skip

_HEAD = """# Official levels

Made from the pack by `python -m analytics.law_page > docs/law.md`; do not edit. What is computed is an *official
criterion, computed from stations*, and stands apart from advice (`category` in the catalogue and of an alert; a heading
of its own on page and board). Every article
speaks of what is forecast or warned of over an area: a station's level is a proxy, and a published level is the
national
service's. 0 or `–`: the article gives no level; *not defined*: it has no row for what was found. Regions, zones and
terrain are properties of places, inherited down the tree; where one is unset only what all of them agree on is said,
and
that it is unset stands in `unjudged`.
"""
_DAYS_COLD = ("to 2 d", "3–5 d", "> 5–10 d", "> 10 d")
_WATER = ("< 20 %", "20–50 %", "> 50–70 %", "> 70 %")
_DAYS_HEAT = ("to 2 d", "3–5 d", "> 5–10 d", "> 10–25 d", "> 25 d")

_ABSENT = """\
## Read and not computed by a rule

- Điều 48, drought: without a figure of surface water the level cannot be computed, and no quantity carries one; kernel
  `drought_level` has the table. SPI does not occur in the article.
- Điều 51, fog: no visibility is measured; "dense" has no number in the article (kernel `fog_level`).
- Điều 52, whirlwind, lightning, hail: nothing measures them; people count communes (kernel `hail_level`).
- Điều 44: the share of communes is not known of one station; a station's level is that of the row which amount and days
  name, and holds only where that row's extent is met (kernels `heavy_rain_level`, `rain_extent`).
- Điều 54, zone 2: days below 35 °C (level 1 up to 25 days) are left out: every cool day would be one. From 16 to 35
days
  the text stands under level 2 and level 3: 2 is taken. Beyond a zone's last row the one before holds.
- Điều 4: two hazards at once may raise a level by one or two: a person decides.
- Sương muối (Điều 5(19)) has no number and no level.

## Not read

The annexes: regions of Điều 46 (table 5; Lạng Sơn has so far been taken for region 2), fire zones (table 11), zones of
river stations (annex XIII). They are given by people.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_packs(), *_rules(), *_tables(), _ABSENT])


def _packs() -> Iterator[str]:
    yield "## Packs\n"
    for pack in PACKS:
        until = "" if pack.replaced is None else f", replaced on {pack.replaced.isoformat()}"
        yield f"- *{pack.name}* ({pack.decision}): in force from {pack.valid_from.isoformat()}{until}. {pack.note}"
    yield ""


def _rules() -> Iterator[str]:
    yield "## Computed\n"
    yield "| rule | article | pack | per | levels | heard by | source |"
    yield "|---|---|---|---|---|---|---|"
    for rule in RULES:
        if rule.article:
            heard = ", ".join(sorted(rule.audiences)) or "everybody"
            yield (
                f"| `{rule.name}` | {rule.article} | {rule.pack} | {rule.step.value} | 1–{rule.top} | {heard} "
                f"| {rule.source} |"
            )
    yield ""


def _tables() -> Iterator[str]:
    cold = [f"{'≤' if holds else '<'} {end:g} °C" for end, holds in law.COLD_BANDS]
    for zone, title in enumerate(("mountains and midlands of Bắc Bộ", "plain of Bắc Bộ, Bắc and Trung Trung Bộ")):
        yield from _table(f"Điều 53, damaging cold: {title} (`cold_zone` {zone + 1})", _DAYS_COLD, cold, law.COLD[zone])
    heat = [f"> {end:g} °C" for end in law.HEAT_BANDS]
    for region, title in enumerate(("Bắc Bộ", "Trung Bộ", "Tây Nguyên, Nam Bộ")):
        yield from _table(f"Điều 47, heat: {title} (`heat_region` {region + 1})", _DAYS_HEAT, heat, law.HEAT[region])
    forces = ("below 8", "8–9", "10–11", "12–13", "14–15", "≥ 16")
    yield from _table(
        "Điều 42, storms: Beaufort × `storm_region`", forces, [str(one) for one in range(1, 10)], law.STORM
    )
    heights = ("below BĐ1", "BĐ1", "BĐ2", "BĐ3", "BĐ3 + 0.3 m", "BĐ3 + 1.0 m")
    zones = [f"zone {one}" for one in range(1, 5)]
    yield from _table("Điều 45, floods on one basin, from each height (zone 4 above the historic: 5)", heights, zones,
                      law.FLOOD)  # fmt: skip
    yield from _table("Điều 45, floods on several basins at once", heights, zones, law.FLOOD_SEVERAL)
    rain = ("≥ 100 mm/24 h or ≥ 50 mm/12 h", "> 200 mm/24 h", "> 400 mm/24 h")
    extents = {law.LESS: "on < ½", law.MORE: "on > ½", law.SEVERAL: "in several provinces"}
    for terrain, title in enumerate(("midland and mountain", "plain and coast")):
        rows = [[f"{level} {extents[least]}" for level, least, _ in band] for band in law.RAIN[terrain]]
        yield from _table(f"Điều 44, heavy rain: {title} (`rain_terrain` {terrain + 1})", ("1–2 d", "> 2–4 d", "> 4 d"),
                          rain, rows)  # fmt: skip
    yield from _table("Điều 48, drought: months × surface water below its mean", _WATER,
                      ("to 1 month", "2–3", "> 3–5", "> 5"), law.DROUGHT)  # fmt: skip
    fire = ("0 d", "1–10 d", "> 10–15 d", "> 15–25 d", "> 25–35 d", "> 35 d")
    yield from _table("Điều 54, forest fire: days in a row > 35 °C × `fire_zone`", fire, zones, law.FIRE)
    yield f"Điều 46, flash flood: bands from {flash_flood.LEAST_RAIN:g}, above {flash_flood.MORE_RAIN:g} and above"
    yield f"{flash_flood.MOST_RAIN:g} mm in 24 hours; the table of four regions stands in"
    yield "`tests/golden/flash_flood_rain.csv`; every cell of the others is in `tests/golden/law_levels.csv`.\n"


def _table(
    title: str, columns: Sequence[str], names: Sequence[str], rows: Sequence[Sequence[int | str]]
) -> Iterator[str]:
    yield f"### {title}\n"
    yield f"| | {' | '.join(columns)} |"
    yield "|---" * (len(columns) + 1) + "|"
    for name, row in zip(names, rows, strict=True):
        yield f"| {name} | {' | '.join('–' if one == 0 else str(one) for one in row)} |"
    yield ""


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
