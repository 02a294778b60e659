"""What will happen at a place because time passes, as timers: its day ends, silence, trouble, lapses, renewals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from analytics.measure import expected_within
from analytics.rule import Rule, Terms
from analytics.run.alerts.alert_rows import next_renewal
from analytics.run.alerts.evaluation import Outcome, applies, terms
from analytics.run.window.frame import Frame
from analytics.run.window.place_facts import Known, local_date, midnight
from store.due import Due


def timers(
    known: Known, row: int, part: Frame, rules: Sequence[Rule], outcomes: Sequence[Outcome], now: datetime
) -> list[Due]:
    """What will happen at a place, a row of a frame, because time passes; ``outcomes`` are the place's own."""
    place, zone, second = str(known.spot.id), known.spot.time_zone, int(now.timestamp())
    moments = {
        "silence": _silence(known, row, part, rules, second),
        "trouble": next_trouble(known, rules, steps_of(part, row), second),
        "lapse": _lapse(outcomes, second),
        "renewal": _renewal(outcomes, second),
        "setting": _setting(known, second),
    }
    tomorrow = midnight(local_date(now, zone) + timedelta(days=1), zone)
    further = [(datetime.fromtimestamp(at, UTC), kind) for kind, at in moments.items() if at is not None]
    return [Due(at, kind, place) for at, kind in [(tomorrow, "end-of-day"), *further]]


def _silence(known: Known, row: int, part: Frame, rules: Sequence[Rule], now: int) -> int | None:
    """Second at which a station that stays silent reaches the next level of silence."""
    rule = next((rule for rule in rules if rule.name == "silent_station"), None)
    last = last_heard(part, row)
    if rule is None or last is None or not applies(rule, known):
        return None
    return next_silence(terms(rule, known)[-1].terms, last, float(part.interval[row]), steps_of(part, row), now)


def _lapse(outcomes: Sequence[Outcome], now: int) -> int | None:
    """Second at which the first open episode ends because nothing is heard; soon where it has passed."""
    lapses = [outcome.course.lapses for outcome in outcomes if outcome.course.lapses is not None]
    return max(min(lapses), now + 60) if lapses else None


def _renewal(outcomes: Sequence[Outcome], now: int) -> int | None:
    """Second at which the first open episode may have to be said again; soon where it has passed."""
    renewals = [next_renewal(outcome, revision, now) for outcome in outcomes for revision in outcome.revisions]
    first = min((moment for moment in renewals if moment is not None), default=None)
    return None if first is None else max(first, now + 60)


def _setting(known: Known, now: int) -> int | None:
    """Second from which other terms of a rule hold here."""
    begins = (int(dated.valid_from.astype(np.int64)) for of_rule in known.terms.values() for dated in of_rule)
    return min((begin for begin in begins if begin > now), default=None)


def last_heard(part: Frame, row: int) -> int | None:
    """Second of the step in which a place was heard last."""
    steps = np.flatnonzero(part.present[row])
    if steps.size:
        return int(part.window.grid.start[row].astype(np.int64)) + int(steps[-1]) * part.window.grid.step
    heard = part.heard[row]
    return None if np.isnat(heard) else int(heard.astype("datetime64[s]").astype(np.int64))


def next_trouble(known: Known, rules: Sequence[Rule], steps: tuple[int, int], now: int) -> int | None:
    """Second of the first step at which trouble that goes on with a place's gateway reaches its next level."""
    coming = [
        end_of_step(int(trouble.from_time.timestamp() + hours * 3600), steps)
        for rule in rules
        if rule.trouble
        for trouble in known.troubles
        if trouble.kind == rule.trouble and trouble.to_time is None
        for hours in terms(rule, known)[-1].terms.enter
    ]
    return min((second for second in coming if second > now), default=None)


def next_silence(of_place: Terms, last: int, interval: float, steps: tuple[int, int], now: int) -> int | None:
    """Second of the first step at which a place that stays silent has reached the next level of silence.

    Where a step takes 10 minutes and readings come every minute, the level is reached between two steps: a look before
    the step ends sees nothing yet, and the next one would be that of the next level.
    """
    wait = float(expected_within(np.array([interval]))[0])
    coming = (end_of_step(last + int(wait + hours * 3600), steps) for hours in of_place.enter)
    return min((second for second in coming if second > now), default=None)


def steps_of(part: Frame, row: int) -> tuple[int, int]:
    """Second at which the steps of a row of a frame begin, and how long each is [s]."""
    grid = part.window.grid
    return int(grid.start[row].astype(np.int64)), grid.step


def end_of_step(second: int, steps: tuple[int, int]) -> int:
    """Second at which the step of a grid (start, length [s]) ends that a second lies in; itself where one ends."""
    start, step = steps
    return start - (start - second) // step * step
