"""Whether the readings that a rule speaks from have stopped, quantity by quantity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.index import Kind, Window
from analytics.lacks import rule_needs
from analytics.measure import expected_within
from analytics.rule import Rule
from analytics.run.window.frame import Frame


def fallen_silent(rule: Rule, frame: Frame) -> NDArray[np.bool_]:
    """(places,) whether an input of a rule has been silent for longer than the rule's freshness, and than it may be."""
    silent = np.zeros(len(frame.places), np.bool_)
    if rule.quantities:  # one of them is enough
        silent |= np.all([_silent(name, rule, frame) for name in rule.quantities], axis=0)
    for need in rule_needs(rule):
        if need.kind is Kind.SERIES and need.required:
            silent |= _silent(need.name.split("/")[0], rule, frame)
    return silent


def _silent(quantity: str, rule: Rule, frame: Frame) -> NDArray[np.bool_]:
    window = frame.window
    heard = window.once(f"heard {quantity}", lambda window: _heard(quantity, window))
    declared = window.declared.get(quantity, np.full(len(frame.places), np.nan))
    between = expected_within(np.where(np.isfinite(declared), declared, frame.interval))
    limit = np.maximum(between, rule.freshness.total_seconds()) + window.grid.step
    return np.asarray(int(frame.now.astype(np.int64)) - heard > limit)


def _heard(quantity: str, window: Window) -> NDArray[np.int64]:
    """(places,) second of the last step with a trusted reading; where there is none, of the window's beginning."""
    grid = window.grid
    seen = np.zeros((grid.places, grid.steps), np.bool_)
    for name, found in window.readings.items():
        if name.split("/")[0] == quantity:
            seen |= np.isfinite(found.value)
    last = np.where(seen.any(axis=1), grid.steps - 1 - np.argmax(seen[:, ::-1], axis=1), 0)
    return np.asarray(grid.start.astype("datetime64[s]").astype(np.int64) + last * grid.step)
