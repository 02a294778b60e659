"""What is asked of a place in a group that is computed together: from which day on, and with what at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from analytics.run.engine.cache import LiveWindow
from analytics.run.window.place_facts import Known
from store.lease import Leased


@dataclass(frozen=True, slots=True)
class Job:
    """A place to compute from a day on."""

    known: Known
    first: date
    leased: Leased
    #: Its live window where it is at hand and of the table's generation.
    cached: LiveWindow | None
    #: Something that its outlook rests on changed: it is to be looked ahead anew.
    looks_ahead: bool = False
    #: What changed of days that have ended, or has ended: its area is to be compared anew.
    compares: Sequence[tuple[datetime, datetime]] = ()
    #: To when a forecast speaks here; None: there is none.
    foreseen: datetime | None = None
