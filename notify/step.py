"""An alert's step as notify needs it, and whether people are still to hear of it (pure)."""

from __future__ import annotations

from datetime import datetime

from store.bundle import AlertStep

#: Kinds of steps that say what is here; the others what becomes of what was said.
RISES = frozenset({"open", "raise", "renew"})
#: From this level on people hear by night too that it goes on, or is over.
WORTH_WAKING = 3


class Step(AlertStep):
    """What notify has to know of an alert's step, and what follows from it."""

    __slots__ = ()

    def worth_saying(self, now: datetime) -> bool:
        """Whether people are still to hear it: it is fresh, or goes on, or is the end of what they were told."""
        if self.stale or self.kind == "extend" or superseded(self):
            return False
        return self.expires > now or self.goes_on or self.kind in {"end", "cancel", "lower"}

    @property
    def wakes(self) -> bool:
        """Whether it may ring by night with somebody who named no quiet hours of their own.

        That is what begins or gets worse and cannot wait; from the third level on also its end and that it goes on, for
        who left the house by it.
        """
        if not self.pressing or self.hazard == "network":
            return False
        return self.kind in {"open", "raise"} or self.level >= WORTH_WAKING

    @property
    def pressing(self) -> bool:
        """Whether people must act at once, by night too."""
        return self.urgency == "Immediate"


def superseded(step: Step) -> bool:
    """Whether this end or cancel says nothing to people: another alert goes on where it stopped."""
    return step.kind in {"end", "cancel"} and step.successor is not None
