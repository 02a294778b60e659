"""What will happen at a place because time passes, as timers: its day ends, silence, trouble, lapses, renewals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from analytics.measure import expected_within
from analytics.rule import Rule, Terms
from analytics.run.alerts.alert_rows import next_renewal
from analytics.run.alerts.evaluation import Finding, applies, terms
from analytics.run.window.frame import Frame
from analytics.run.window.place_facts import Known, local_date, midnight
from store.due import Due


def timers(
    known: Known, row: int, part: Frame, rules: Sequence[Rule], findings: Sequence[Finding], now: datetime
) -> list[Due]:
    """What will happen at a place, a row of a frame, because time passes; ``findings`` are the place's own."""
    place, second = str(known.spot.id), int(now.timestamp())
    today = local_date(now, known.spot.time_zone)
    rows = [Due(midnight(today + timedelta(days=1), known.spot.time_zone), "end-of-day", place)]
    last = last_heard(part, row)
    for rule in rules:
        if rule.name == "silent_station" and applies(rule, known) and last is not None:
            silence = next_silence(terms(rule, known)[-1].terms, last, float(part.interval[row]), second)
            if silence is not None:
                rows.append(Due(datetime.fromtimestamp(silence, UTC), "silence", place))
    trouble = next_trouble(known, rules, part.window.grid.step, second)
    if trouble is not None:
        rows.append(Due(datetime.fromtimestamp(trouble, UTC), "trouble", place))
    lapses = [max(finding.course.lapses, second + 60) for finding in findings if finding.course.lapses is not None]
    if lapses:
        rows.append(Due(datetime.fromtimestamp(min(lapses), UTC), "lapse", place))
    renewals = [
        moment
        for finding in findings
        for revision in finding.revisions
        if (moment := next_renewal(finding, revision, second)) is not None
    ]
    if renewals:
        rows.append(Due(datetime.fromtimestamp(max(min(renewals), second + 60), UTC), "renewal", place))
    coming = [dated.valid_from for of_rule in known.terms.values() for dated in of_rule]
    ahead = [int(moment.astype(np.int64)) for moment in coming if int(moment.astype(np.int64)) > second]
    if ahead:
        rows.append(Due(datetime.fromtimestamp(min(ahead), UTC), "setting", place))
    return rows


def last_heard(part: Frame, row: int) -> int | None:
    """Second of the step in which a place was heard last."""
    steps = np.flatnonzero(part.present[row])
    if steps.size:
        return int(part.window.grid.start[row].astype(np.int64)) + int(steps[-1]) * part.window.grid.step
    heard = part.heard[row]
    return None if np.isnat(heard) else int(heard.astype("datetime64[s]").astype(np.int64))


def next_trouble(known: Known, rules: Sequence[Rule], step: int, now: int) -> int | None:
    """Second of the first step at which trouble that goes on with a place's gateway reaches its next level."""
    coming = [
        -(-int(trouble.from_time.timestamp() + hours * 3600) // step) * step
        for rule in rules
        if rule.trouble
        for trouble in known.troubles
        if trouble.kind == rule.trouble and trouble.to_time is None
        for hours in terms(rule, known)[-1].terms.enter
    ]
    return min((second for second in coming if second > now), default=None)


def next_silence(of_place: Terms, last: int, interval: float, now: int) -> int | None:
    """Second at which a place that stays silent reaches the next level of silence."""
    wait = float(expected_within(np.array([interval]))[0])
    coming = (last + int(wait + hours * 3600) for hours in of_place.enter)
    return min((second for second in coming if second > now), default=None)
