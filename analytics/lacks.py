"""What a rule or an index needs and a place has not; so that nothing known is told from nothing to fear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from analytics.index import Index, Kind, Need
from analytics.indices import BY_NAME
from analytics.properties import PROPERTIES
from analytics.rule import Rule
from telemetry.unknown import Why


@dataclass(frozen=True, slots=True)
class There:
    """What a place has, or a season at it."""

    quantities: frozenset[str]
    #: Its properties and coordinates, numbers only.
    place: Mapping[str, float]
    #: Parameters of the season's crop; None: no season is spoken of.
    crop: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Lack:
    """Why something cannot be judged, or only by what is certain."""

    why: Why
    names: tuple[str, ...]
    #: What the needs say of their absence holds meanwhile.
    holds: bool = False


def of_rule(rule: Rule, there: There) -> Lack | None:
    """What a rule lacks; None where it has all."""
    if rule.quantities and not there.quantities & set(rule.quantities):
        return Lack(Why.SENSOR, rule.quantities)
    return _worst(rule_needs(rule), there)


def of_index(index: Index, there: There) -> Lack | None:
    """What an index lacks; None where it has all."""
    return _worst(index_needs(index.name), there)


@lru_cache(maxsize=512)
def index_needs(name: str) -> tuple[Need, ...]:
    """Readings and numbers without which an index has no value, its own and those of the indices it needs."""
    return tuple(dict.fromkeys(_spread(BY_NAME[name].needs)))


def rule_needs(rule: Rule) -> tuple[Need, ...]:
    """The same of a rule."""
    of_indices = (need for name in rule.indices for need in index_needs(name))
    return tuple(dict.fromkeys([*_spread(rule.needs), *of_indices]))


def _spread(needs: Iterable[Need]) -> Iterator[Need]:
    for need in needs:
        if need.kind is Kind.INDEX:
            if need.required:
                yield from index_needs(need.name)
        elif need.required or need.otherwise:
            yield Need(need.kind, need.name, need.required, otherwise=need.otherwise, any_of=need.any_of)


def _worst(needs: Iterable[Need], there: There) -> Lack | None:
    """What bars it, sensors first; else what is taken for something else meanwhile."""
    missing: dict[tuple[Why, bool], list[str]] = {}
    for need in needs:
        for why, name, holds in _missing(need, there):
            missing.setdefault((why, holds), []).append(name)
    if not missing:
        return None
    why, holds = min(missing, key=lambda one: (one[1], one[0]))
    return Lack(why, tuple(dict.fromkeys(missing[why, holds])), holds)


def _missing(need: Need, there: There) -> Iterator[tuple[Why, str, bool]]:
    if need.kind is Kind.SERIES:
        if need.name.split("/")[0] not in there.quantities:
            yield Why.SENSOR, need.name, False
        return
    given = there.place if need.kind is Kind.PLACE else there.crop
    if given is None:
        return
    names = need.any_of or (need.name,)
    wrong = {name: _wrong(name, given) for name in names}
    one_is_there = any(why is None for why in wrong.values())
    for name, why in wrong.items():
        if why is not None:
            yield why, name, bool(need.otherwise) or one_is_there


def _wrong(name: str, given: Mapping[str, float]) -> Why | None:
    value = given.get(name)
    if value is None or value != value:  # noqa: PLR0124 — NaN is not itself
        return Why.PROPERTY
    row = PROPERTIES.get(name)
    return None if row is None or row.can_be(value) else Why.OUTSIDE


def when_unknown(rule: Rule) -> list[str]:
    """What a rule does where something is not known, a line each; for people to read."""
    lines = []
    bars = [need for need in rule_needs(rule) if not need.otherwise]
    sensors = [need.name for need in bars if need.kind is Kind.SERIES]
    if rule.quantities or sensors:
        least = [" or ".join(f"`{name}`" for name in rule.quantities)] if rule.quantities else []
        further = [f"`{name}`" for name in dict.fromkeys(sensors) if name not in rule.quantities]
        lines.append(f"without {' and '.join([*least, *further])}: *no sensor*")
    for need in rule_needs(rule):
        if need.kind is not Kind.SERIES:
            names = ", ".join(f"`{name}`" for name in need.any_of or (need.name,))
            what = f"all of {names}" if need.any_of else names
            lines.append(f"{what} unset: " + (need.otherwise or "*unset*, not judged"))
    if not rule.trouble and (rule.quantities or rule.indices):
        hours = rule.patience.total_seconds() / 3600
        lines.append(f"nothing known: the level is held for {hours:g} h, then *{_NAMES[reason(rule)]}*")
        hours = rule.freshness.total_seconds() / 3600
        lines.append(f"its readings silent for {hours:g} h, and for longer than expected: *too few readings*")
    return lines


def reason(rule: Rule) -> Why:
    """Why a rule's measure is not known where all that it needs is there."""
    return max((BY_NAME[name].unknown for name in rule.indices), default=Why.READINGS)


_NAMES = {Why.READINGS: "too few readings", Why.RECORD: "record too short"}
