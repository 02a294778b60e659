"""Quality control after the fact: checks on ordered arrays and between neighbours, as pure functions giving flags."""

from __future__ import annotations

from analytics.quality.check import check_window
from analytics.quality.finding import (
    FAIL,
    GOOD,
    MISSING,
    NOT_EVALUATED,
    SUSPECT,
    Finding,
    Findings,
    Reason,
    findings,
    worst,
)

__all__ = [
    "FAIL",
    "GOOD",
    "MISSING",
    "NOT_EVALUATED",
    "SUSPECT",
    "Finding",
    "Findings",
    "Reason",
    "check_window",
    "findings",
    "worst",
]
