"""The crop table with its provenance, and the parameters of a batch of seasons."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from analytics import languages
from analytics.grid import Times
from analytics.index import Season
from analytics.indices.crop_cover import parameters_of_cover
from analytics.properties import OF_SEASON

_LISTS = {
    "stages": ("stage_initial", "stage_development", "stage_middle", "stage_late"),
    "kc": ("kc_initial", "kc_middle", "kc_end"),
    "kcb": ("kcb_initial", "kcb_middle", "kcb_end"),
    "root": ("root_least", "root_most"),
    "heat": ("heat_base", "heat_ceiling"),
    "degree_days": ("heat_initial", "heat_development", "heat_middle", "heat_late"),
}
_NUMBERS = ("height", "depletion", "flooded")


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop of the table; a parameter that is not in ``parameters`` is not known."""

    name: str
    parameters: Mapping[str, float]
    #: Key of the table → where it comes from, in words.
    provenance: Mapping[str, str]
    perennial: bool = False
    #: Whose advice is for its growers; empty: none is written for them.
    audience: str = ""
    note: str = ""

    @property
    def title(self) -> Mapping[str, str]:
        """What it is called, in every language that has a name for it."""
        return languages.SHELF.titles(f"crops.{self.name}")


@cache
def crops() -> Mapping[str, Crop]:
    """The crop table by name."""
    table = tomllib.loads(Path(__file__).with_name("crops.toml").read_text(encoding="utf-8"))
    sources = table["sources"]
    found = {}
    for name, row in table["crop"].items():
        parameters = {key: float(row[key]) for key in _NUMBERS if key in row}
        for key, names in _LISTS.items():
            parameters |= {part: float(value) for part, value in zip(names, row.get(key, ()), strict=False)}
        provenance = {key: sources[source] for key, source in row["provenance"].items()}
        found[name] = Crop(
            name,
            parameters,
            provenance,
            perennial=row.get("perennial", False),
            audience=row.get("audience", ""),
            note=row.get("note", ""),
        )
    return found


def flooded(crop: str, properties: Mapping[str, object]) -> bool:
    """Whether a season's crop stands in water: by the season's own word, else by the table."""
    table = crops()
    said = properties.get("flooded", table[crop].parameters.get("flooded", 0.0) if crop in table else 0.0)
    return isinstance(said, int | float) and said > 0


def parameters_of(name: str, given: Mapping[str, object]) -> dict[str, object]:
    """All that is known of a season: what was said of it, else what its cover and height tell, else the table.

    Where stages are given and a cover is not that of the whole season, a season's own coefficients say more.
    """
    table = crops()
    own: dict[str, object] = dict(table[name].parameters) if name in table else {}
    return own | parameters_of_cover(own | dict(given)) | dict(given)


def seasons(
    names: Sequence[str], sown: Times, ended: Times, properties: Sequence[Mapping[str, object]] | None = None
) -> Season:
    """Seasons of a batch: the table's parameters, overridden by each season's own properties; NaN where unknown.

    A crop that is not in the table is one of which nothing is known but what its properties say.
    """
    own = properties or [{} for _ in names]
    values = {name: np.full(len(names), np.nan) for name in OF_SEASON}
    for row, (name, given) in enumerate(zip(names, own, strict=True)):
        for parameter, value in parameters_of(name, given).items():
            if parameter in values and isinstance(value, int | float):
                values[parameter][row] = value
    return Season(tuple(names), sown.astype("datetime64[D]"), ended.astype("datetime64[D]"), values)
