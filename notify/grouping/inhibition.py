"""Which open alerts of a commune say all that a quieter one would say, and which raise its level (pure).

Inhibition is Alertmanager's word: an alert that is open (the source) keeps back messages about another (the target).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from notify.step import RISES, Step


class Beside(NamedTuple):
    """An alert that is open in the same commune."""

    rule: str
    hazard: str
    place: int
    level: int
    basis: str


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """While the source is open, messages about its targets are kept back: it says all that they would."""

    source: str
    targets: frozenset[str]
    #: Of the source: from this level.
    from_level: int = 1
    #: Of the targets: up to this level; what is worse speaks for itself.
    to_level: int = 99
    #: Of the targets only that they go on: when they begin they say what the source does not.
    renewals: bool = False


SHOWERS = frozenset({"intense_rain_60min", "intense_rain_10min"})
HOT_ANIMALS = frozenset({"livestock_heat", "buffalo_heat", "pig_heat"})
#: Rules by name, never whole hazards: levels of the law are told to officers, and are not those of advice.
#: A storm or a strong wind inhibits its gusts, a day's rain its showers, a thirsty crop its dry soil; rét đậm tells not
#: to sow and to keep cattle warm, rét hại not to graze them; gay gắt what cattle need in heat; a gateway that is
#: offline what its own stations miss. Two that come at once must not inhibit each other.
INHIBIT_RULES: tuple[InhibitRule, ...] = (
    InhibitRule("storm_level", frozenset({"strong_wind", "gust"})),
    InhibitRule("strong_wind", frozenset({"gust"}), from_level=2, to_level=1),
    InhibitRule("gust", frozenset({"strong_wind"}), from_level=2, to_level=2),
    InhibitRule("flash_flood_rain", frozenset({"heavy_rain", "sudden_rain", *SHOWERS})),
    InhibitRule("heavy_rain", SHOWERS, from_level=2, to_level=1),
    InhibitRule("intense_rain_60min", frozenset({"intense_rain_10min"}), to_level=1),
    InhibitRule("heavy_rain", frozenset({"sudden_rain"}), from_level=2),
    InhibitRule("intense_rain_60min", frozenset({"sudden_rain"})),
    InhibitRule("intense_rain_10min", frozenset({"sudden_rain"})),
    InhibitRule("irrigation_due", frozenset({"soil_dry"}), from_level=2),
    InhibitRule("cold_spell", frozenset({"no_sowing"}), from_level=2),
    InhibitRule("cold_spell", frozenset({"cattle_cold"}), from_level=2, to_level=1),
    InhibitRule("cold_spell", frozenset({"cattle_cold"}), from_level=3),
    InhibitRule("cold_spell", frozenset({"frost", "frost_tonight", "cattle_cold"}), from_level=2, renewals=True),
    InhibitRule("frost_tonight", frozenset({"frost"}), to_level=1),
    InhibitRule("frost_tonight", frozenset({"frost"}), from_level=2),
    InhibitRule("heat", HOT_ANIMALS, renewals=True),
    InhibitRule("heavy_rain", SHOWERS, renewals=True),
    InhibitRule("heat", HOT_ANIMALS, from_level=2, to_level=2),
    InhibitRule("gateway_offline", frozenset({"silent_station", "sequence_gap"})),
)

#: What Quyết định 18/2021/QĐ-TTg counts as hazards of different kinds (Điều 4), by our hazards; others are none.
KINDS: Mapping[str, str] = {
    "cold": "cold",
    "frost": "cold",
    "heat": "heat",
    "rain": "rain",
    "flood": "flood",
    "water": "water",
    "wind": "wind",
    "storm": "wind",
    "drought": "drought",
    "fire": "fire",
}
#: Levels from which hazards count as concurrent, and beyond which none is raised.
CONCURRENT_FROM, HIGHEST = 2, 5


def inhibited_by(step: Step, open_beside: Iterable[Beside]) -> frozenset[str]:
    """Hazards of open alerts of the same commune that inhibit this step; none: it is said, as is every end."""
    if step.kind not in RISES:
        return frozenset()
    return frozenset(
        source.hazard
        for source in open_beside
        for rule in INHIBIT_RULES
        if rule.source == source.rule
        and step.rule in rule.targets
        and source.level >= rule.from_level
        and step.level <= rule.to_level
        and (step.kind == "renew" or not rule.renewals)
        and source.basis in {"observed", step.basis}
        and (source.hazard != "network" or source.place == step.place)
    )


def inhibited_of(steps: Iterable[Step], open_beside: list[Beside]) -> dict[int, frozenset[str]]:
    """Ids of the steps that are inhibited, and by which hazards."""
    return {step.id: hazards for step in steps if (hazards := inhibited_by(step, open_beside))}


def concurrent(steps: Iterable[Step], open_beside: Iterable[Beside]) -> bool:
    """Whether hazards of another kind are open beside these, all of level 2 or more (Điều 4 may raise the level)."""
    here = {KINDS.get(step.hazard) for step in steps if step.level >= CONCURRENT_FROM and step.kind in RISES}
    beside = {
        KINDS.get(other.hazard) for other in open_beside if other.level >= CONCURRENT_FROM and other.basis == "observed"
    }
    return any(kind and beside - {kind, None} for kind in here)
