"""Switches relays on behalf of alarms and commands, within each relay's limits; every action is logged and kept."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from edge.action_settings import Alarm, Relay
from edge.alarm import AlarmState, RelayState
from edge.bus import Bus, BusError
from edge.outbox import Outbox
from edge.switching import COIL, Proof, SwitchError, switch_coil
from telemetry.reading import Reading

log = structlog.get_logger(__name__)

#: Actions kept on the gateway.
KEPT = 500
#: Time between two looks at what is overdue [s].
LOOK = 1.0

#: Time between two questions to a coil how it stands [s].
ASK = 60.0

#: Switches a relay behind a local broker on or off, not after a monotonic time.
Publish = Callable[[Relay, bool, float], Awaitable[Proof]]


class ActionError(Exception):
    """A relay that was not switched, and why."""


def _alarm_state(alarm: Alarm, intervals: Mapping[tuple[str, str], float]) -> AlarmState:
    name = f"{alarm.quantity}/{alarm.level}" if alarm.level else alarm.quantity
    interval = intervals.get((alarm.station, name), 0.0)
    return AlarmState(alarm, alarm.agreeing(interval), alarm.patience(interval))


class Actuation:
    """The relays and alarms of a gateway."""

    def __init__(
        self, relays: Sequence[Relay], alarms: Sequence[Alarm], buses: Mapping[str, Bus], publish: Publish,
        outbox: Outbox, event_time: Callable[[], str], intervals: Mapping[tuple[str, str], float] | None = None,
    ) -> None:  # fmt: skip
        self.relays = {relay.name: RelayState(relay) for relay in relays}
        self.alarms = [_alarm_state(alarm, intervals or {}) for alarm in alarms]
        #: An order and an alarm must not cross.
        self._switching = {name: asyncio.Lock() for name in self.relays}
        self._buses, self._publish, self._outbox, self._event_time = buses, publish, outbox, event_time
        self._wake = {name: asyncio.Event() for name in self.relays}
        #: Which alarms want a relay on.
        self._wanted: dict[str, set[str]] = {name: set() for name in self.relays}
        #: What was noted last of each relay: what goes on failing is noted once, the card is not for that.
        self._noted: dict[str, tuple[bool, str, str]] = {}

    def watch(self, readings: Sequence[Reading], age: float | None = 0.0) -> None:
        """Look at readings, ``age`` [s] after they were taken; None where nobody knows."""
        now = time.monotonic()
        for reading in readings:
            for state in self.alarms:
                alarm = state.alarm
                if (alarm.station, alarm.quantity, alarm.level) == (reading.station, reading.quantity, reading.level):
                    before = state.why
                    if (why := state.take(reading.value, now, age)) and not before:
                        log.warning("reading does not act", alarm=alarm.name, value=reading.value, why=why)
                    self._want(state, active=state.active)

    async def run(self) -> None:
        """Switch what alarms want, and off what is overdue, until cancelled; then all off."""
        try:
            async with asyncio.TaskGroup() as group:
                for name, relay in self.relays.items():  # a relay that does not answer holds up no other
                    group.create_task(self._keep(name, relay))
                await self._watch_alarms()
        finally:
            off = [self._try(name, on=False, why="stop") for name, relay in self.relays.items() if relay.on]
            await asyncio.shield(asyncio.gather(*off))

    async def _watch_alarms(self) -> None:
        """End alarms that hear nothing any more."""
        while True:
            now = time.monotonic()
            for state in self.alarms:
                self._want(state, active=state.look(now))
            await asyncio.sleep(LOOK)

    async def _keep(self, name: str, relay: RelayState) -> None:
        while True:
            self._wake[name].clear()
            await self._settle(name, relay, time.monotonic())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._wake[name].wait()

    async def order(
        self, name: str, *, on: bool, seconds: float | None, why: str, not_after: float = math.inf
    ) -> Proof:
        """Switch a relay on somebody's order, before a monotonic time; `ActionError` where it may not or cannot be."""
        state = self.relays.get(name)
        if state is None:
            raise ActionError(f"no relay {name!r}; there are {', '.join(self.relays) or 'none'}")
        if refusal := state.refusal(time.monotonic(), on=on):
            self._note(name, on=on, why=why, outcome=f"refused: {refusal}")
            raise ActionError(refusal)
        return await self._switch(name, on=on, why=why, seconds=seconds, not_after=not_after)

    def _want(self, state: AlarmState, *, active: bool) -> None:
        wanted = self._wanted[state.alarm.relay]
        before = state.alarm.name in wanted
        if active and not before:
            wanted.add(state.alarm.name)
            self._wake[state.alarm.relay].set()
        elif before and not active:
            wanted.discard(state.alarm.name)
            self._wake[state.alarm.relay].set()

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
        elif relay.relay.bus is not None and relay.asks and now >= relay.next_look:
            await self._look(name, relay)

    async def _look(self, name: str, state: RelayState) -> None:
        """Ask a coil how it stands: somebody may have switched it by hand, or its device may have begun anew."""
        relay = state.relay
        state.next_look = time.monotonic() + ASK
        try:
            found = await self._buses[relay.bus or ""].read_coil(relay.unit, relay.coil, COIL)
        except BusError as error:
            state.knowledge, state.detail = "unconfirmed", f"its coil was not read back: {error}"
            return
        if found == state.on:
            state.knowledge, state.detail = "confirmed", ""
            return
        said = f"its coil reads {'on' if found else 'off'}"
        self._note(name, on=state.on, why="look", outcome=f"failed: {said}")
        state.sure, state.knowledge, state.detail = False, "unknown", said

    async def _try(self, name: str, *, on: bool, why: str) -> None:
        with contextlib.suppress(ActionError):  # it is noted, and tried again
            await self._switch(name, on=on, why=why)

    async def _switch(
        self, name: str, *, on: bool, why: str, seconds: float | None = None, not_after: float = math.inf
    ) -> Proof:
        state = self.relays[name]
        relay = state.relay
        async with self._switching[name]:
            if time.monotonic() > not_after:
                raise ActionError("it was not its turn before it expired; nothing was sent")
            try:
                if relay.bus is not None:
                    proof = await switch_coil(self._buses[relay.bus], relay, on=on, not_after=not_after)
                else:
                    proof = await self._publish(relay, on, not_after)
            except (BusError, OSError, SwitchError) as error:
                state.failed(time.monotonic())
                state.detail = str(error)
                self._note(name, on=on, why=why, outcome=f"failed: {error}")
                raise ActionError(str(error)) from error
            state.switched(time.monotonic(), on=on, seconds=seconds)
        state.knowledge, state.detail, state.asks = proof.knowledge, proof.detail, proof.asks
        state.next_look = time.monotonic() + ASK
        state.by_alarm = on and why.startswith("alarm")
        outcome = "done" if proof.knowledge == "confirmed" else f"sent, unconfirmed: {proof.detail}"
        self._note(name, on=on, why=why, outcome=outcome)
        return proof

    def _note(self, name: str, *, on: bool, why: str, outcome: str) -> None:
        if self._noted.get(name) == (on, why, outcome) and outcome.startswith(("failed", "refused")):
            return
        self._noted[name] = (on, why, outcome)
        log.warning("relay", relay=name, on=on, why=why, outcome=outcome)
        stored = self._outbox.memory.get("actions")
        actions: list[tuple[str, str, bool, str, str]] = msgspec.msgpack.decode(stored) if stored else []
        actions = [*actions[-KEPT + 1 :], (self._event_time(), name, on, why, outcome)]
        self._outbox.add([], {"actions": msgspec.msgpack.encode(actions)})
