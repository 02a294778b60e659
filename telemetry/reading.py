"""One value of one quantity at one place and time, as it is born on a gateway."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from telemetry.instant import EPOCH

#: Codes of stations and gateways: short, lower case, safe in a topic, a URL and a SenML name.
CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")

#: Levels: depth or height above ground in metres, or a word: ``-0.30m``, ``2m``, ``inlet``.
LEVEL = re.compile(r"[-a-z0-9:._]{1,32}\Z")


@dataclass(frozen=True, slots=True)
class Reading:
    """A value as measured; never changed afterwards."""

    station: str
    quantity: str
    #: Event time in milliseconds since 1970-01-01 UTC.
    time: int
    #: Measured value in the quantity's stored unit.
    value: float
    #: Where on the station: empty, a depth or height in metres (``-0.30m``) or a word.
    level: str = ""

    @property
    def datastream(self) -> str:
        """Name as it travels: ``<quantity>[/<level>]``."""
        return f"{self.quantity}/{self.level}" if self.level else self.quantity


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC of an aware moment; a naive one is a `ValueError`."""
    if moment.tzinfo is None:
        message = f"{moment.isoformat()} has no time zone: give an aware UTC time"
        raise ValueError(message)
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def moment(time: int) -> datetime:
    """Aware UTC moment of milliseconds since 1970-01-01 UTC."""
    seconds, rest = divmod(time, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
