"""How much backlog may be on the line at a time, so that live readings never wait long behind it; pure."""

from __future__ import annotations

from dataclasses import dataclass

#: A broker's answer within this time says that the line has room; beyond that, that it is full [s].
FAST, SLOW = 0.5, 1.5
#: Packs on the line, and records in a pack.
WINDOW, RECORDS = (1, 8), (20, 500)


@dataclass(slots=True)
class Pace:
    """Grows while the broker answers at once, falls back when it does not."""

    window: int = WINDOW[0]
    records: int = 100

    def acknowledged(self, seconds: float) -> None:
        """Take the time that the broker took to answer a pack of the backlog [s]."""
        if seconds < FAST:
            if self.records < RECORDS[1]:
                self.records = min(RECORDS[1], self.records * 2)
            else:
                self.window = min(WINDOW[1], self.window + 1)
        elif seconds > SLOW:
            self.window = max(WINDOW[0], self.window // 2)
            self.records = max(RECORDS[0], self.records // 2)
