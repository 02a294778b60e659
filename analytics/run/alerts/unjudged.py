"""Rules and indices that say nothing of a place now, and why, as rows of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache

from analytics import lacks
from analytics.indices import BY_NAME as INDEX
from analytics.indices import INDICES, SEASON_INDICES
from analytics.indices.crops import parameters_of
from analytics.lacks import Lack, There
from analytics.properties import OF_GROUND, OF_SEASON
from analytics.rule import Rule
from analytics.rules import BY_NAME
from analytics.run.alerts.evaluation import grows, terms
from analytics.run.window.place_facts import Known
from store.unjudged import Unjudged
from store.work import Grown
from telemetry.unknown import Why

#: What of a place is a number beside its properties.
_SPOT = ("latitude", "longitude", "elevation")
_Numbers = tuple[tuple[str, float], ...]


def of_places(
    places: Sequence[Known], rules: Sequence[Rule], silent: Mapping[tuple[str, int, int], int], today: date
) -> dict[int, tuple[Unjudged, ...]]:
    """Place → what cannot be judged there, the same for the same facts whatever the order they came in."""
    return {known.spot.id: tuple(_of_place(known, rules, silent, today)) for known in places}


def _of_place(
    known: Known, rules: Sequence[Rule], silent: Mapping[tuple[str, int, int], int], today: date
) -> Iterator[Unjudged]:
    place, kind = known.spot.id, known.spot.kind
    quantities, numbers = frozenset(feed.quantity for feed in known.feeds), _numbers(known)
    grown: list[tuple[int, _Numbers | None]] = [(0, None)]
    grown += [(season.id, _crop(known, season)) for season in known.seasons if goes_on(season, today)]
    for season, crop in grown:
        of_rules, of_indices = _static(quantities, numbers, crop)
        for rule in rules:
            if not grows(rule, known, season) or rule.trouble or (rule.kinds and kind not in rule.kinds):
                continue
            if not terms(rule, known)[-1].terms.enabled:
                continue
            lack, code = of_rules.get(rule.name), silent.get((rule.name, place, season))
            yield from _row(place, rule.name, season, lack, code)
        for name, lack in of_indices:
            yield Unjudged(place, "index", name, season, int(lack.why), lack.names)


def _flooded(crop: _Numbers | None) -> bool:
    """Whether the crop of a season stands in water."""
    return dict(crop or ()).get("flooded", 0.0) > 0.0


def _row(place: int, rule: str, season: int, lack: Lack | None, code: int | None) -> Iterator[Unjudged]:
    """What bars a rule comes first, then what was not known lately, then what is taken for something else."""
    if lack is not None and not lack.holds and code != 0:
        yield Unjudged(place, "rule", rule, season, int(lack.why), lack.names)
    elif code:
        yield Unjudged(place, "rule", rule, season, code, lack.names if lack is not None and lack.why == code else ())
    elif lack is not None and lack.holds:
        yield Unjudged(place, "rule", rule, season, int(lack.why), lack.names, holds=True)
    elif code is None:
        yield Unjudged(place, "rule", rule, season, 0)  # no news: as the table has it


def goes_on(season: Grown, day: date) -> bool:
    """Whether a crop stands in the field on a day."""
    return season.sown <= day and (season.ended is None or season.ended >= day)


@lru_cache(maxsize=4096)
def _static(
    quantities: frozenset[str], place: _Numbers, crop: _Numbers | None
) -> tuple[dict[str, Lack], list[tuple[str, Lack]]]:
    """What rules and indices lack wherever the same is known; places of one make share it."""
    there = There(quantities, dict(place), None if crop is None else dict(crop))
    of_rules = {name: lacks.of_rule(rule, there) for name, rule in BY_NAME.items()}
    shelf = INDICES if crop is None else SEASON_INDICES
    of_indices = ((index.name, lacks.of_index(index, there)) for index in shelf)
    # a sensor that is not there is no news of an index
    meant = ((name, one) for name, one in of_indices if INDEX[name].flooded in (None, _flooded(crop)))
    wanted = [(name, one) for name, one in meant if one and not one.holds and one.why is not Why.SENSOR]
    return {name: one for name, one in of_rules.items() if one}, wanted


def there(known: Known, season: int = 0) -> There:
    """What a place has, or a season at it."""
    crop = next((_crop(known, one) for one in known.seasons if one.id == season), None)
    quantities = frozenset(feed.quantity for feed in known.feeds)
    return There(quantities, dict(_numbers(known)), None if crop is None else dict(crop))


def _numbers(known: Known) -> _Numbers:
    given = {name: value for name in _SPOT if (value := getattr(known.spot, name)) is not None}
    return _sorted(given | dict(known.spot.properties))


def _crop(known: Known, season: Grown) -> _Numbers:
    ground = {name: value for name, value in known.spot.properties.items() if name in OF_GROUND}
    given = parameters_of(season.crop, ground | dict(season.properties))
    return _sorted({name: value for name, value in given.items() if name in OF_SEASON})


def _sorted(given: Mapping[str, object]) -> _Numbers:
    """Numbers only: what else an operator wrote is nothing that was given."""
    return tuple(
        sorted(
            (name, float(value))
            for name, value in given.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        )
    )
