"""F30: the buffer driven by a state machine: any course of adding, sending, lost receipts, dating, caps and crashes.

In the end every reading that was taken is on the server or in a declared drop, none is in both by number, and a pack
that was formed never changed.
"""

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path

import structlog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.buffer_worker import Keeper
from edge.outbox import Outbox
from telemetry.pack import CBOR, DroppedReadings, PackKind, Receipt, Stream, decode_drops
from telemetry.reading import Reading
from telemetry.wire import decode, resolve

#: Event time of the first reading [ms]; clocks that are not yet right begin their count at 0.
FIRST = 1_700_000_000_000
#: Where the readings of a clock come to lie once it is dated: far from all others.
APART = 10_000_000_000


class Buffer(RuleBasedStateMachine):
    """A gateway's outbox and the server at the other end of a bad line."""

    courses = steps = 0

    def __init__(self):
        super().__init__()
        structlog.configure(processors=[lambda *_: (_ for _ in ()).throw(structlog.DropEvent)])
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="outbox-"))
        self.boot = self.taken = self.clocks = 0
        self.waiting_clocks = {}
        self.bytes, self.contents, self.declared, self.stored = {}, {}, {}, set()

    @initialize(cap=st.sampled_from([300_000, 50_000_000]))
    def power_on(self, cap):
        self.cap = cap
        self.run(self.open())

    def run(self, work):
        return self.runner.run(work)

    async def open(self):
        self.boot += 1
        card = self.folder / f"life-{self.boot}"
        card.mkdir(exist_ok=True)
        self.box = Outbox(Keeper(card / "buffer", f"boot-{self.boot}", cap=self.cap))
        await self.box.open()
        self.task = asyncio.create_task(self.box.run())

    async def close(self):
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task
        await self.box.close()

    async def add(self, count, importance, clock=None):
        base = FIRST if clock is None else 0
        at = range(self.taken, self.taken + count)
        readings = [Reading("tram-1", "air_temperature", base + 1000 * one, one / 8) for one in at]
        await self.box.add(readings, importance=importance, clock=clock or "")
        self.taken += count

    @rule(count=st.integers(1, 400), importance=st.integers(1, 3))
    def readings_come(self, count, importance):
        self.run(self.add(count, importance))

    @rule()
    def an_hour_of_readings_comes(self):
        self.run(self.add(3000, 1))

    @rule(count=st.integers(1, 50), new=st.booleans())
    def readings_come_before_time_is_known(self, count, new):
        if new or not self.waiting_clocks:
            self.clocks += 1
            self.waiting_clocks[f"clock-{self.clocks}"] = FIRST + self.clocks * APART
        self.run(self.add(count, 2, list(self.waiting_clocks)[-1]))

    @precondition(lambda self: self.waiting_clocks)
    @rule(data=st.data())
    def time_becomes_known(self, data):
        clock = data.draw(st.sampled_from(sorted(self.waiting_clocks)))
        self.run(self.box.date(clock, self.waiting_clocks.pop(clock)))

    @precondition(lambda self: self.waiting_clocks)
    @rule(data=st.data())
    def time_will_never_be_known(self, data):
        clock = data.draw(st.sampled_from(sorted(self.waiting_clocks)))
        del self.waiting_clocks[clock]
        self.run(self.box.give_up(clock, FIRST, FIRST + 1))

    @rule(up=st.booleans())
    def line_changes(self, up):
        self.box.line_up = up

    @rule()
    def backlog_is_formed(self):
        self.run(self.box.form_backlog())

    @precondition(lambda self: self.box.formed)
    @rule(data=st.data(), answered=st.booleans())
    def packs_arrive(self, data, answered):
        """Some packs reach the server; their receipts come back, or are lost."""
        arrived = data.draw(st.lists(st.sampled_from(sorted(self.box.formed)), unique=True, max_size=6))
        for key in arrived:
            self.arrive(key)
        if answered:
            self.run(self.answer(arrived))

    def arrive(self, key):
        self.look(key)
        if isinstance(self.contents[key], set):
            self.stored |= self.contents[key]
        else:
            self.declared[key] = self.contents[key]

    def look(self, key):
        pack = self.box.formed[key]
        seen = (pack.payload, pack.label)
        assert self.bytes.setdefault(key, seen) == seen, "a formed pack changed"
        if pack.label.kind is PackKind.DROPPED:
            self.contents[key] = decode_drops(pack.payload)
        else:
            self.contents[key] = {round(time * 1000) for time in resolve(decode(pack.payload, CBOR)[0]).time}

    async def answer(self, keys):
        for boot, stream, sequence in keys:
            self.box.receipted(Receipt(boot, stream, [(sequence, sequence)]))

    @rule(sequence=st.integers(0, 50))
    def somebody_elses_receipt_comes(self, sequence):
        async def come():
            assert self.box.receipted(Receipt("boot-of-another", Stream.LIVE, [(sequence, sequence)])) == 0

        self.run(come())

    @rule()
    def written_at_leisure(self):
        self.run(self.box.flush())

    @rule()
    def restarts(self):
        async def restart():
            await self.close()
            shutil.copytree(self.folder / f"life-{self.boot}", self.folder / f"life-{self.boot + 1}")
            await self.open()

        self.run(restart())

    @rule()
    def loses_power(self):
        """What lies on the card at this moment is all that the next boot finds."""

        async def lose():
            left = self.folder / f"life-{self.boot}"
            shutil.copytree(left, self.folder / f"life-{self.boot + 1}")
            await self.close()
            await self.open()

        self.run(lose())

    @invariant()
    def formed_packs_never_change(self):
        Buffer.steps += 1
        for key in self.box.formed if hasattr(self, "box") else ():
            self.look(key)

    def teardown(self):
        Buffer.courses += 1
        try:
            if hasattr(self, "box"):
                self.run(self.settle())
                self.count()
                self.run(self.close())
        finally:
            self.runner.close()
            structlog.reset_defaults()
            shutil.rmtree(self.folder)

    async def settle(self):
        """The line holds: all clocks become known, everything is sent and receipted."""
        for clock, start in self.waiting_clocks.items():
            await self.box.date(clock, start)
        for _ in range(10_000):
            while await self.box.form_backlog():
                pass
            if not self.box.formed:
                break
            for key in list(self.box.formed):
                self.arrive(key)
                await self.answer([key])
        assert self.box.waiting == 0
        assert not self.box.undeclared
        await asyncio.wait_for(self.box.emptied(), 5)

    def count(self):
        """Nothing is missing: what the server has, what packs took with them, what was dropped before any pack."""
        gone, unseen = set(), 0
        for drop in [drop for drops in self.declared.values() for drop in drops]:
            if isinstance(drop, DroppedReadings):
                unseen += drop.count
                continue
            keys = [(drop.boot, Stream(drop.stream), sequence) for sequence in range(drop.first, drop.last + 1)]
            seen = [
                self.contents[key] for key in keys if key in self.contents
            ]  # others were formed and dropped at once
            gone.update(*seen)
            unseen += drop.readings - sum(map(len, seen))
        assert len(self.stored | gone) + unseen == self.taken


TestBuffer = Buffer.TestCase
TestBuffer.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)  # long: tests/faults
