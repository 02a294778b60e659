"""Actuation: alarms and orders switch relays, within their limits; every action is logged and kept."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from edge.action_settings import Alarm, Relay
from edge.alarm import AlarmState, RelayState
from edge.bus import Bus, BusError
from edge.outbox import Outbox
from telemetry.reading import Reading

log = structlog.get_logger(__name__)

#: Actions kept on the gateway.
KEPT = 500
#: Time between two looks at what is overdue [s].
LOOK = 1.0

Publish = Callable[[str, str, str], Awaitable[None]]


class ActionError(Exception):
    """A relay that was not switched, and why."""


class Actuation:
    """The relays and alarms of a gateway."""

    def __init__(
        self, relays: Sequence[Relay], alarms: Sequence[Alarm], buses: Mapping[str, Bus], publish: Publish,
        outbox: Outbox, event_time: Callable[[], str],
    ) -> None:  # fmt: skip
        self.relays = {relay.name: RelayState(relay) for relay in relays}
        self.alarms = [AlarmState(alarm) for alarm in alarms]
        self._buses, self._publish, self._outbox, self._event_time = buses, publish, outbox, event_time
        self._wake = asyncio.Event()
        #: Which alarms want a relay on.
        self._wanted: dict[str, set[str]] = {name: set() for name in self.relays}
        #: What was noted last of each relay: what goes on failing is noted once, the card is not for that.
        self._noted: dict[str, tuple[bool, str, str]] = {}

    def watch(self, readings: Sequence[Reading]) -> None:
        """Look at readings the moment they were taken."""
        now = time.monotonic()
        for reading in readings:
            for state in self.alarms:
                alarm = state.alarm
                if (alarm.station, alarm.quantity, alarm.level) == (reading.station, reading.quantity, reading.level):
                    self._want(state, active=state.step(reading.value, now))

    async def run(self) -> None:
        """Switch what alarms want, and off what is overdue, until cancelled; then all off."""
        try:
            while True:
                now = time.monotonic()
                for state in self.alarms:
                    self._want(state, active=state.look(now))
                for name, relay in self.relays.items():
                    await self._settle(name, relay, now)
                try:
                    async with asyncio.timeout(LOOK):
                        await self._wake.wait()
                except TimeoutError:
                    continue
                self._wake.clear()
        finally:
            for name, relay in self.relays.items():
                if relay.on:
                    await asyncio.shield(self._try(name, on=False, why="stop"))

    async def order(self, name: str, *, on: bool, seconds: float | None, why: str) -> None:
        """Switch a relay on somebody's order; `ActionError` where it may not or cannot be."""
        state = self.relays.get(name)
        if state is None:
            raise ActionError(f"no relay {name!r}; there are {', '.join(self.relays) or 'none'}")
        if refusal := state.refusal(time.monotonic(), on=on):
            self._note(name, on=on, why=why, outcome=f"refused: {refusal}")
            raise ActionError(refusal)
        await self._switch(name, on=on, why=why, seconds=seconds)

    def _want(self, state: AlarmState, *, active: bool) -> None:
        wanted = self._wanted[state.alarm.relay]
        before = state.alarm.name in wanted
        if active and not before:
            wanted.add(state.alarm.name)
            self._wake.set()
        elif before and not active:
            wanted.discard(state.alarm.name)
            self._wake.set()

    async def _settle(self, name: str, relay: RelayState, now: float) -> None:
        wanted = self._wanted[name]
        if now < relay.next_attempt:
            return
        if relay.changed is None:
            await self._try(name, on=False, why="start")  # nobody knows how the last run left it
        elif relay.overdue(now):
            await self._try(name, on=False, why="longest time on")
        elif not relay.sure and not wanted:
            await self._try(name, on=False, why="nobody knows how it stands")
        elif wanted and not (relay.on and relay.sure) and not relay.refusal(now, on=True):
            await self._try(name, on=True, why=f"alarm {', '.join(sorted(wanted))}")
        elif not wanted and relay.by_alarm:
            await self._try(name, on=False, why="alarm over")

    async def _try(self, name: str, *, on: bool, why: str) -> None:
        with contextlib.suppress(ActionError):  # it is noted, and tried again
            await self._switch(name, on=on, why=why)

    async def _switch(self, name: str, *, on: bool, why: str, seconds: float | None = None) -> None:
        state = self.relays[name]
        relay = state.relay
        try:
            if relay.bus is not None:
                await self._buses[relay.bus].write_coil(relay.unit, relay.coil, on=on, budget=1.0)
            elif relay.mqtt is not None:
                await self._publish(relay.mqtt, relay.topic, relay.on if on else relay.off)
        except (BusError, OSError) as error:
            state.failed(time.monotonic())
            self._note(name, on=on, why=why, outcome=f"failed: {error}")
            raise ActionError(str(error)) from error
        state.switched(time.monotonic(), on=on, seconds=seconds)
        state.by_alarm = on and why.startswith("alarm")
        self._note(name, on=on, why=why, outcome="done")

    def _note(self, name: str, *, on: bool, why: str, outcome: str) -> None:
        if self._noted.get(name) == (on, why, outcome) and outcome != "done":
            return
        self._noted[name] = (on, why, outcome)
        log.warning("relay", relay=name, on=on, why=why, outcome=outcome)
        stored = self._outbox.memory.get("actions")
        actions: list[tuple[str, str, bool, str, str]] = msgspec.msgpack.decode(stored) if stored else []
        actions = [*actions[-KEPT + 1 :], (self._event_time(), name, on, why, outcome)]
        self._outbox.add([], {"actions": msgspec.msgpack.encode(actions)})
