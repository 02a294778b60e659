"""Why an alert is over: because of what was measured, or because somebody changed its rule (pure)."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from analytics.episode import Episode, Kind
from analytics.rule import Rule, Terms
from analytics.run.alerts.evaluation import Outcome, terms


def by_rule(outcome: Outcome, episode: Episode, kind: Kind) -> bool:
    """Whether an end or cancel came of changed terms of its rule, and not of what was measured.

    An end did where the terms changed while the alert was open and what was measured last would still keep it under the
    former ones; a cancel where the rule is off, or where the recorded values of the alert no longer reach its lowest
    level.
    """
    if kind == "cancel":
        own = terms_at(outcome, episode.started)
        values = episode.by_day.values()
        return not own.enabled or (bool(values) and not any(_holds(outcome.rule, value, own, 0) for value in values))
    if kind != "end" or outcome.lapsed or episode.ended is None:
        return False
    before, after = terms_at(outcome, episode.started), terms_at(outcome, episode.ended)
    return before != after and (not after.enabled or _holds(outcome.rule, outcome.latest, before, 0, kept=True))


def terms_at(outcome: Outcome, second: int) -> Terms:
    """A rule's terms at the alert's place as they held at a second of event time."""
    moment = np.datetime64(datetime.fromtimestamp(second, UTC).replace(tzinfo=None), "s")
    dated = terms(outcome.rule, outcome.known)
    return next((each.terms for each in reversed(dated) if each.valid_from <= moment), dated[0].terms)


def _holds(rule: Rule, value: float, own: Terms, level: int, *, kept: bool = False) -> bool:
    """Whether a value reaches a level, or does not leave it; NaN does neither."""
    threshold = (own.leave if kept else own.enter)[level]
    beyond = value < threshold if rule.below else value > threshold
    return bool(beyond or (own.inclusive[level] and value == threshold))
