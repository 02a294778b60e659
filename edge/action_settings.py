"""Settings of what a gateway does by itself: relays, and alarms that work with the line cut."""

from __future__ import annotations

from edge.schema import Data, check, setting
from edge.settings_base import checked_code, checked_level, checked_quantity

#: Age after which a reading does not speak for now, and interval above which one sample decides [s].
STALE, LONG = 900.0, 600.0


class Relay(Data):
    """Something that can be switched: a Modbus coil, or a device on a local broker."""

    name: str = setting(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    #: A coil: line, address on the bus, number of the coil.
    bus: str | None = None
    unit: int = setting(default=1, ge=0, le=255)
    coil: int = setting(default=0, ge=0, le=65_535)
    #: Or a topic on a local broker, and what to say there.
    mqtt: str | None = None
    topic: str = ""
    on: str = "ON"
    off: str = "OFF"
    #: Topic on which it says how it stands, where it does, and what it says there; where in a JSON message.
    state_topic: str = ""
    state_key: str = ""
    state_on: str | None = None
    state_off: str | None = None
    #: Longest wait for that, and for the broker [s].
    answer: float = setting(default=5.0, gt=0, le=60)
    #: It is switched off after this time, whatever happens [s].
    longest_on: float = setting(default=3600.0, gt=0, le=86_400)
    #: It stays off at least so long [s].
    shortest_off: float = setting(default=60.0, ge=0, le=86_400)

    def _check(self) -> None:
        if (self.bus is None) == (self.mqtt is None):
            message = "give either bus, unit and coil, or mqtt and topic"
            raise ValueError(message)
        if self.mqtt is not None and not self.topic:
            message = "say the topic to switch it by"
            raise ValueError(message)
        if self.state_topic and (self.mqtt is None or self.state_topic == self.topic):
            message = "state_topic is another topic of an mqtt relay, on which the device itself says how it stands"
            raise ValueError(message)


class Alarm(Data):
    """A threshold with a duration, and what it switches on."""

    name: str = setting(min_length=1, max_length=63)
    station: str
    quantity: str
    level: str = ""
    #: It holds at or above, or at or below [the quantity's unit].
    above: float | None = None
    below: float | None = None
    #: It ends only when the value is back by this much.
    hysteresis: float = setting(default=0.0, ge=0)
    #: It must have held so long [s].
    duration: float = setting(default=0.0, ge=0, le=86_400)
    #: Without a reading for so long it ends, and an older one does not count [s]; absent: 15 minutes, or 2.5 times
    #: the interval of what it watches.
    stale: float | None = setting(default=None, gt=0, le=86_400)
    #: Samples in a row that must agree; absent: 2, or 1 where they come more than 10 minutes apart.
    samples: int | None = setting(default=None, ge=1, le=10)
    relay: str

    _check_station = check(checked_code, "station")
    _check_level = check(checked_level, "level")
    _check_quantity = check(checked_quantity, "quantity")

    def _check(self) -> None:
        if (self.above is None) == (self.below is None):
            message = "give either above or below"
            raise ValueError(message)

    def patience(self, interval: float) -> float:
        """Time after which a reading does not speak for now [s], where they come each ``interval`` [s] (0: at will)."""
        return self.stale if self.stale is not None else max(STALE, 2.5 * interval)

    def agreeing(self, interval: float) -> int:
        """Samples in a row that must agree."""
        return self.samples if self.samples is not None else 1 if interval > LONG else 2
