"""An alert's step as notify needs it, and whether people are still to hear of it (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: Kinds of steps that say what is here; the others what becomes of what was said.
RISES = frozenset({"open", "raise", "renew"})


@dataclass(frozen=True, slots=True)
class Step:
    """What notify has to know of an alert's step."""

    id: int
    alert: int
    rule: str
    hazard: str
    kind: str
    level: int
    basis: str
    place: int
    place_name: str
    commune: int
    commune_name: str
    at: datetime
    known_at: datetime
    expires: datetime
    stale: bool
    texts: Mapping[str, Any]
    successor: int | None
    #: Of the rule, in CAP's words.
    urgency: str
    #: Measured on a farm: not to be said aloud in the village.
    private: bool
    #: Its alert is open now.
    goes_on: bool

    def worth_saying(self, now: datetime) -> bool:
        """Whether people are still to hear it: it is fresh, or goes on, or is the end of what they were told."""
        if self.stale or self.kind == "extend" or superseded(self):
            return False
        return self.expires > now or self.goes_on or self.kind in {"end", "cancel", "lower"}

    @property
    def pressing(self) -> bool:
        """Whether people must act at once, by night too."""
        return self.urgency == "Immediate"


def superseded(step: Step) -> bool:
    """Whether this end or cancel says nothing to people: another alert goes on where it stopped."""
    return step.kind in {"end", "cancel"} and step.successor is not None
