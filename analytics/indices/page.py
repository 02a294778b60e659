"""The page docs/indices.md, written from the shelf: titles, units, needs, equations, sources, notes."""

from __future__ import annotations

from collections.abc import Iterable

from analytics import indices as shelf
from analytics.index import Index, Kind, Need
from analytics.indices.crops import crops
from analytics.properties import PROPERTIES

HEAD = """# Indices

Written from the shelf by `python -m analytics.indices.page > docs/indices.md`; a test compares. For each index: its
name in the tables and the API, unit (UCUM), length of time it speaks for, what it needs, how it is computed and from
which source, the least completeness for a value to be given, and what a reader must know. Kernels, their shapes and
worked examples stand beside the rows in `analytics/indices/`.

A value is given only where enough of its inputs was measured; suspect and failed readings count as not measured.
Recursive indices name their state: what is carried from day to day.
"""
_STEPS = {"grid": "step of the grid", "hour": "hour", "day": "local day", "month": "month (on its last day)"}


def page() -> str:
    """The whole page."""
    parts = [
        HEAD,
        "## Of a place\n",
        *_entries(shelf.INDICES),
        "## Of a crop season\n",
        *_entries(shelf.SEASON_INDICES),
    ]
    return "\n".join([*parts, _properties(), _crops()])


def _entries(indices: Iterable[Index]) -> list[str]:
    return [_entry(index) for index in indices]


def _entry(index: Index) -> str:
    lines = [
        f"### {index.title['en']} · {index.title['vi']}\n",
        f"`{index.name}` [{index.unit}], {_STEPS[index.step]}; completeness ≥ {index.completeness:g}\n",
        f"- equation: {index.equation}",
        f"- source: {index.source}",
        f"- needs: {', '.join(map(_need, index.needs))}",
    ]
    if len(index.methods) > 1:
        lines.append(f"- methods: {'; '.join(method or '–' for method in index.methods)}")
    if index.state:
        lines.append(f"- state: {', '.join(f'{column.name} [{column.unit}]' for column in index.state)}")
    if index.note:
        lines.append(f"- note: {index.note}")
    return "\n".join([*lines, f"- worked example: {index.example.source}", ""])


def _need(need: Need) -> str:
    kind = {Kind.SERIES: "readings", Kind.INDEX: "index", Kind.PLACE: "place", Kind.CROP: "crop"}[need.kind]
    back = f", {need.before} days back" if need.before else ""
    names = " or ".join(f"`{name}`" for name in need.any_of or (need.name,))
    taken = f" (else {need.otherwise})" if need.otherwise else "" if need.required else " (if there)"
    return f"{kind} {names}{taken}{back}"


def _properties() -> str:
    lines = [
        "## What only people know\n",
        "Given by `nongvu place set|import`, `nongvu season add|set|import` and `POST /v1/seasons`. A place's holds",
        "for all below it that have none of their own; a season's own outdoes its field's and the crop table's.\n",
        "| property | of | unit | from | to | what |",
        "|---|---|---|---|---|---|",
    ]
    for row in PROPERTIES.values():
        of = " or ".join(word for word, is_so in (("place", row.of_place), ("season", row.of_season)) if is_so)
        what = f"{row.titles['en']} · {row.titles['vi']}"
        lines.append(f"| `{row.name}` | {of} | {row.unit} | {row.minimum:g} | {row.maximum:g} | {what} |")
    return "\n".join([*lines, ""])


def _crops() -> str:
    lines = ["## Crops\n", "What is not known is not invented; it comes with the season.\n"]
    for crop in crops().values():
        lines.append(f"### {crop.title['en']} · {crop.title['vi']} (`{crop.name}`)\n")
        known = ", ".join(f"{name} {value:g}" for name, value in crop.parameters.items())
        lines += [f"- known: {known or 'nothing'}"]
        lines += [f"- {key}: {words}" for key, words in crop.provenance.items()]
        lines += [f"- note: {crop.note}"] if crop.note else []
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
