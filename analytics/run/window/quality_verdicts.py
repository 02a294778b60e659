"""What the checks found of a frame, as hours for the rules and as verdicts on a station's own datastreams."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from analytics.grid import Array
from analytics.quality import FAIL, SUSPECT, Findings, Reason, findings
from analytics.quality import finding as quality
from analytics.run.window.frame import Frame
from analytics.run.window.place_facts import Known, naive
from store.flag import Check
from store.verdict import Verdict
from store.work import Verdict as Said


def doubt_hours(part: Frame, found: Findings, neighbours: Sequence[Sequence[Said]] = ()) -> dict[str, Array]:
    """Check → (places, days) hours of each day in which it doubted the quantity it doubted most.

    ``neighbours`` has for each place what the nightly pass over neighbours said of its sensors: that one drifts.
    """
    hours: dict[str, Array] = drift_hours(part, neighbours)
    for (_, reason), flags in found.items():
        if reason in (Reason.PERSISTENCE, Reason.DRIFT, Reason.CLOGGED):
            bad = ((flags == SUSPECT) | (flags == FAIL)).astype(np.float64)
            if bad.any():
                share = np.nansum(part.window.grid.by_day(bad), axis=2) * (part.window.grid.step / 3600)
                hours[reason.value] = np.maximum(hours.get(reason.value, np.zeros(part.window.shape)), share)
    return hours


def drift_hours(part: Frame, neighbours: Sequence[Sequence[Said]]) -> dict[str, Array]:
    """(places, days) hours of each day in which one of a place's sensors drifted away from its neighbours."""
    grid = part.window.grid
    edges = grid.start[:, None] + grid.edges * np.timedelta64(grid.step, "s")
    hours = np.zeros(part.window.shape)
    for row, of_place in enumerate(neighbours):
        for one in of_place:
            if one.who == "spatial" and one.flag & Check.DRIFT:
                begin, end = naive(one.valid_from).astype("datetime64[s]"), naive(one.valid_to).astype("datetime64[s]")
                within = np.minimum(edges[row, 1:], end) - np.maximum(edges[row, :-1], begin)
                hours[row] = np.maximum(hours[row], within / np.timedelta64(3600, "s"))
    return {Reason.DRIFT.value: hours} if hours.any() else {}


def verdicts(part: Frame, found: Findings) -> list[Verdict]:
    """Findings of a station's own datastreams, from the first computed day to now."""
    return said(part.places, part.moment, findings(part.window.grid, found, part.window.lead))


def said(places: Sequence[Known], now: datetime, found: Sequence[quality.Finding]) -> list[Verdict]:
    """Findings as verdicts on a station's own datastreams."""
    if not found:
        return []
    own: dict[tuple[int, str], list[int]] = {}
    for row, known in enumerate(places):
        names = known.series()
        for feed in known.feeds:
            for name in names[feed.datastream] if feed.own else ():
                own.setdefault((row, name), []).append(feed.datastream)
    bits = {reason: int(Check[reason.name]) for reason in Reason}
    verdicts = {
        Verdict(stream, begin, end, flag | bits[reason], reason.value)
        for row, name, reason, begin, end, flag in found
        if begin <= now
        for stream in own.get((row, name), ())
    }
    return sorted(verdicts)
