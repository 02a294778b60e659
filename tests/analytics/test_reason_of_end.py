"""Whose doing an end is: what was measured, or who changed the rule; each side of each limit."""

from dataclasses import replace

import numpy as np
import pytest

from analytics.episode import Episode
from analytics.level import Change, Course
from analytics.rule import ALWAYS, Dated, own_terms
from analytics.rules import BY_NAME
from analytics.run.alerts.evaluation import Outcome
from analytics.run.alerts.reason_of_end import by_rule
from analytics.run.window.place_facts import Known
from store.work import Spot

RULE = BY_NAME["cold_spell"]
OWN = own_terms(RULE)
SPOT = Spot(1, "ls01", "Trạm", "station", "Asia/Ho_Chi_Minh", 21.8, 106.8, 260.0, {}, [1], None, None)
BEGIN, CHANGED, END = 1_768_000_000, 1_768_100_000, 1_768_200_000


def ended(latest, terms=None, **more):
    """An alert of a cold that is over, with what was measured last; its terms changed while it was open, or did not."""
    dated = [Dated(ALWAYS, OWN)] + ([Dated(np.datetime64(CHANGED, "s"), terms)] if terms else [])
    known = Known(SPOT, (), (), {RULE.name: tuple(dated)})
    episode = Episode(BEGIN, END, (Change(BEGIN, 3),), {"2026-01-10": 9.0})
    return Outcome(RULE, known, 0, [], Course((), 0, None), END, lapsed=False, latest=latest, **more), episode


@pytest.mark.parametrize(
    ("terms", "latest", "rules"),
    [
        (None, 25.0, False),
        (None, 9.0, False),
        (replace(OWN, enabled=False), 25.0, True),  # nobody looks any more, whatever was measured
        (replace(OWN, enabled=False), 9.0, True),
        (replace(OWN, enter=(8.0, 7.0, 6.0), leave=(8.0, 7.0, 6.0)), 19.9, True),
        (replace(OWN, enter=(8.0, 7.0, 6.0), leave=(8.0, 7.0, 6.0)), 20.0, False),  # over by the former terms too
    ],
)
def test_an_end_is_the_rules_where_it_is_off_or_the_former_terms_would_hold_it(terms, latest, rules):
    outcome, episode = ended(latest, terms)
    assert by_rule(outcome, episode, "end") is rules
    assert by_rule(replace(outcome, lapsed=True), episode, "end") is False
    assert by_rule(outcome, episode, "lower") is False


@pytest.mark.parametrize(("coldest", "rules"), [(19.9, False), (20.0, True)])
def test_a_cancel_is_the_rules_where_what_was_recorded_no_longer_reaches_it(coldest, rules):
    outcome, episode = ended(25.0)
    assert by_rule(outcome, replace(episode, by_day={"2026-01-10": coldest}), "cancel") is rules
    assert by_rule(outcome, replace(episode, by_day={}), "cancel") is False
