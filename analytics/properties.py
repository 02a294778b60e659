"""Numbers that no sensor tells, known to people of a place, of a crop's season, or of its land.

A place's property holds for everything below it that has none of its own: a province's fire table, a commune's
susceptibility. Those of the ground may be said of the field or, for one season, of the season.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from analytics import languages


@dataclass(frozen=True, slots=True)
class Property:
    """One number that an operator may give."""

    name: str
    #: UCUM.
    unit: str
    #: Inclusive limits of what can be [unit].
    minimum: float
    maximum: float
    of_place: bool = False
    of_season: bool = False
    #: Numbers of classes: whole ones only.
    whole: bool = False

    @property
    def titles(self) -> Mapping[str, str]:
        """What it is called, in every language that has a name for it."""
        return languages.SHELF.titles(f"properties.{self.name}")

    def can_be(self, value: float) -> bool:
        """Whether a number lies within the limits, and is whole where it has to be."""
        return self.minimum <= value <= self.maximum and (not self.whole or value == round(value))


def _place(name: str, unit: str, minimum: float, maximum: float) -> Property:
    return Property(name, unit, minimum, maximum, of_place=True)


def _class(name: str, maximum: float) -> Property:
    return Property(name, "1", 1.0, maximum, of_place=True, whole=True)


def _switch(name: str) -> Property:
    """1: it is so, 0: it is not."""
    return Property(name, "1", 0.0, 1.0, of_place=True, whole=True)


def _season(name: str, unit: str, minimum: float, maximum: float) -> Property:
    return Property(name, unit, minimum, maximum, of_season=True)


def _ground(name: str, unit: str, minimum: float, maximum: float) -> Property:
    return Property(name, unit, minimum, maximum, of_place=True, of_season=True)


_PESTS = ("brown_planthopper", "yellow_stem_borer", "fall_armyworm", "pine_caterpillar")
_STAGES = ("initial", "development", "middle", "late")

_TABLE: tuple[Property, ...] = (
    *(_place(f"mark_{n}", "m", -500.0, 9000.0) for n in (1, 2, 3, 4)),
    _place("annual_precipitation", "mm", 50.0, 12_000.0),
    _place("kbdi_start", "mm", 0.0, 203.2),
    _class("flash_flood_susceptibility", 4.0),
    _class("flash_flood_region", 4.0),
    _class("cold_zone", 2.0),
    _class("heat_region", 3.0),
    _switch("hot_day_from_35"),
    _class("storm_region", 9.0),
    _class("rain_terrain", 2.0),
    _class("flood_zone", 4.0),
    _place("flood_historic", "m", -500.0, 9000.0),
    _switch("flood_several_basins"),
    _class("fire_zone", 4.0),
    _switch("fire_water_dried"),
    _place("fire_rain_reset", "mm", 0.0, 100.0),
    *(_place(f"fire_limit_{n}", "1", 0.0, 1e6) for n in (1, 2, 3, 4)),
    *(_place(f"{pest}_peak", "1", 1.0, 1e6) for pest in _PESTS),
    _place("fall_armyworm_base", "Cel", -10.0, 40.0),
    _place("fall_armyworm_generation", "Cel.d", 1.0, 5000.0),
    _place("fall_armyworm_ceiling", "Cel", 0.0, 60.0),
    _ground("field_capacity", "m3/m3", 0.01, 0.8),
    _ground("wilting_point", "m3/m3", 0.0, 0.6),
    _ground("wetted_fraction", "1", 0.01, 1.0),
    _ground("area", "m2", 1.0, 1e9),
    _ground("probe_weight", "1", 0.0, 1.0),
    _ground("bund_height", "mm", 0.0, 1000.0),
    _ground("percolation", "mm/d", 0.0, 50.0),
    _ground("drainable_porosity", "1", 0.01, 0.5),
    Property("water_regime", "1", 1.0, 2.0, of_place=True, of_season=True, whole=True),
    _ground("soil_surface_level", "m", -50.0, 9000.0),
    Property("flooded", "1", 0.0, 1.0, of_season=True, whole=True),
    _season("transplanting", "d", 0.0, 100.0),
    _season("flowering", "d", 1.0, 300.0),
    _season("initial_level", "mm", -300.0, 1000.0),
    _season("initial_depletion", "mm", 0.0, 1000.0),
    *(_season(f"stage_{at}", "d", 1.0, 5000.0) for at in _STAGES),
    *(_season(f"heat_{at}", "Cel.d", 0.0, 20_000.0) for at in _STAGES),
    *(_season(f"{kind}_{at}", "1", 0.0, 2.0) for kind in ("kc", "kcb") for at in ("initial", "middle", "end")),
    _season("root_least", "m", 0.01, 10.0),
    _season("root_most", "m", 0.01, 10.0),
    _season("heat_base", "Cel", -10.0, 40.0),
    _season("heat_ceiling", "Cel", 0.0, 60.0),
    _season("height", "m", 0.01, 50.0),
    _season("ground_cover", "1", 0.01, 1.0),
    _season("depletion", "1", 0.05, 0.95),
)  # fmt: skip

#: Every property by name.
PROPERTIES: Mapping[str, Property] = MappingProxyType({row.name: row for row in _TABLE})
OF_PLACE = frozenset(name for name, row in PROPERTIES.items() if row.of_place)
OF_SEASON = frozenset(name for name, row in PROPERTIES.items() if row.of_season)
OF_GROUND = OF_PLACE & OF_SEASON
