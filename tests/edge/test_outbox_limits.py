"""The outbox step by step on a real file: each limit below, at and above it; and any course beside a plain reference."""

import asyncio
import contextlib
import sqlite3
import tempfile
from pathlib import Path

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.buffer_worker import Keeper
from edge.outbox import _TIDY_AFTER, BACKLOG_WINDOW, LIVE_WINDOW, Outbox
from telemetry.pack import CBOR, PackKind, Receipt, Stream, decode_drops
from telemetry.reading import Reading
from telemetry.wire import decode, resolve

T = 1_700_000_000_000


def readings(*seconds, base=T):
    return [Reading("tram-1", "air_temperature", base + 1000 * second, 1.0) for second in seconds]


@contextlib.asynccontextmanager
async def outbox(path, boot="boot-1", linger=0.0, *, writing=True, cap=50_000_000):
    box = Outbox(Keeper(path, boot, cap=cap), linger)
    await box.open()
    task = asyncio.create_task(box.run()) if writing else None
    try:
        yield box
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await box.close()


def receipt(*keys):
    boot, stream, _ = keys[0]
    return Receipt(boot, stream, [(key[2], key[2]) for key in keys])


def times(pack):
    return [(round(time * 1000) - T) // 1000 for time in resolve(decode(pack.payload, CBOR)[0]).time]


def contents(box):
    return [(key[1], times(pack)) for key, pack in box.formed.items() if pack.label.kind is PackKind.READINGS]


async def is_empty(box):
    try:
        async with asyncio.timeout(0.02):
            await box.emptied()
    except TimeoutError:
        return False
    return True


def counts(box):
    return box.bundled, box.undated, box.waiting, box.dropped


# -- opening ----------------------------------------------------------------------------------------------------------


async def test_a_new_one_is_empty(tmp_path):
    box = Outbox(Keeper(tmp_path / "b", "boot-1"))
    assert (counts(box), box.oldest, box.undeclared, box.line_up, box.changed.is_set()) == (
        (0,) * 4,
        None,
        False,
        False,
        False,
    )
    assert (box.formed, box.memory, box._linger, box._urgent.is_set()) == ({}, {}, 0.0, False)
    assert (box._thread._max_workers, box._thread._thread_name_prefix, _TIDY_AFTER) == (1, "outbox", 5.0)
    await box.open()
    assert (counts(box), box.oldest, box.undeclared, await is_empty(box)) == ((0,) * 4, None, False, True)
    assert not await box.form_backlog()
    await box.close()
    assert box._thread._shutdown


async def test_all_that_waits_is_there_after_a_restart(tmp_path):
    async with outbox(tmp_path / "b") as box:
        box.line_up = True
        await box.add(readings(50), {"a": b"1"})
        box.line_up = False
        await box.add(readings(20, 10), {"b": b"2"})
        await box.add(readings(1, 2, 3, base=0), {"a": b"3"}, clock="start")
        await box.add(readings(4, base=0), clock="other")
        assert await box.give_up("other", T, T + 1) == 1
    async with outbox(tmp_path / "b", "boot-2") as box:
        assert (counts(box), box.oldest, box.undeclared) == ((2, 3, 6, 0), T + 10_000, True)
        assert box.memory["a"] == b"3"
        assert box.memory["b"] == b"2"
        assert contents(box) == [(Stream.LIVE, [50])]
        assert not await is_empty(box)
        assert await box.clocks() == ["start"]


# -- adding -----------------------------------------------------------------------------------------------------------


async def test_readings_are_counted_from_the_moment_they_are_given(tmp_path):
    async with outbox(tmp_path / "b") as box:
        adding = box.add(readings(1, 2))
        assert (box._adding, box.waiting, box.bundled) == (2, 2, 0)
        await adding
        assert (box._adding, counts(box), box.oldest) == (0, (2, 0, 2, 0), T + 1000)
        assert not await is_empty(box)
        assert box.changed.is_set()


async def test_what_is_given_is_not_empty_before_it_is_written(tmp_path):
    async with outbox(tmp_path / "b", writing=False) as box:
        adding = box.add(readings(1))
        assert not await is_empty(box)
        assert box.waiting == 1
        await box.flush()
        await adding
        assert box.waiting == 1


async def test_with_a_line_readings_go_into_a_live_pack_at_once(tmp_path):
    async with outbox(tmp_path / "b") as box:
        box.line_up = True
        await box.add(readings(3, 1), importance=4)
        (pack,) = box.formed.values()
        assert (pack.key, pack.importance, pack.first, pack.readings) == (("boot-1", Stream.LIVE, 0), 4, T + 1000, 2)
        assert (pack.label.redated, counts(box), box.oldest_unformed, box.oldest) == (
            False,
            (0, 0, 2, 0),
            None,
            T + 1000,
        )
        assert box.changed.is_set()
        assert not await is_empty(box)


async def test_importance_of_readings_that_wait(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add(readings(1))
        await box.add(readings(2), importance=3)
        await box.add(readings(3), importance=2)
        assert await box.form_backlog()
        (pack,) = box.formed.values()
        assert (pack.importance, pack.label.redated, pack.key[1]) == (3, False, Stream.BACKLOG)
        await box.add(readings(4))
        await box.form_backlog()
        assert list(box.formed.values())[-1].importance == 1


async def test_readings_without_event_time_wait_though_the_line_is_up(tmp_path):
    async with outbox(tmp_path / "b") as box:
        box.line_up = True
        box.changed.clear()
        await box.add(readings(1, 2, base=0), clock="start")
        assert (counts(box), box.formed, box.oldest, box.oldest_unformed) == ((0, 2, 2, 0), {}, None, None)
        assert not box.changed.is_set()
        assert not await box.form_backlog()
        assert not await is_empty(box)


async def test_only_states(tmp_path):
    async with outbox(tmp_path / "b") as box:
        box.line_up = True
        await box.remember({"a": b"1"})
        await box.add([], {"b": b"2"})
        await box.add([])
        assert (counts(box), box.formed, box.changed.is_set(), await is_empty(box)) == ((0,) * 4, {}, False, True)
        assert box.memory == {"a": b"1", "b": b"2"}
        await box.add(readings(1), {"a": b"3"})
        assert box.memory == {"a": b"3", "b": b"2"}


async def test_what_is_left_of_the_backlog_is_not_older_than_what_was_formed_last(tmp_path):
    async with outbox(tmp_path / "b") as box:
        for second in (10, 20, 30, 40):
            await box.add(readings(second))
        for formed, left in ((10, 3), (20, 2), (30, 1)):
            assert await box.form_backlog(1)
            assert (box.bundled, box.oldest_unformed) == (left, T + 1000 * formed)
            box.receipted(receipt(*box.formed))
            assert box.oldest == T + 1000 * formed
        assert await box.form_backlog(1)
        assert (box.bundled, box.oldest_unformed) == (0, None)


async def test_the_oldest_of_what_waits(tmp_path):
    async with outbox(tmp_path / "b") as box:
        for seconds, oldest in (((9, 7), 7), ((8,), 7), ((6, 10), 6)):
            await box.add(readings(*seconds))
            assert box.oldest == box.oldest_unformed == T + 1000 * oldest
        assert await box.form_backlog()
        assert (box.oldest_unformed, box.oldest) == (None, T + 6000)
        box.line_up = True
        await box.add(readings(2))
        assert (box.oldest_unformed, box.oldest) == (None, T + 2000)
        box.receipted(receipt(*[key for key in box.formed if key[1] is Stream.LIVE]))
        assert box.oldest == T + 6000


async def test_the_oldest_after_a_part_went_into_a_pack(tmp_path):
    async with outbox(tmp_path / "b") as box:
        for second in (5, 4, 7):
            await box.add(readings(second))
        assert await box.form_backlog(2)
        assert (contents(box), counts(box)) == ([(Stream.BACKLOG, [5, 4])], (1, 0, 3, 0))
        assert box.oldest_unformed == T + 4000
        await box.add(readings(1))
        assert box.oldest == T + 1000


async def test_a_declaration_has_no_age(tmp_path):
    async with outbox(tmp_path / "b") as box:
        for second in (10, 20, 30, 40):
            await box.add(readings(second))
        assert await box.form_backlog(1)
        await box.add(readings(1, base=0), clock="start")
        assert await box.give_up("start", T, T + 1) == 1
        assert await box.form_backlog(1)
        assert [pack.first for pack in box.formed.values()] == [T + 10_000, 0, T + 20_000]
        assert (box.bundled, box.oldest_unformed) == (2, T + 20_000)
        await box.add(readings(1, base=0), clock="start")
        assert await box.give_up("start", T, T + 1) == 1
        box.keeper.file.connection.execute("UPDATE bundle SET body=x'00' WHERE id=3")
        assert await box.form_backlog(1)  # the declaration alone: what came with it was damaged
        assert (box.bundled, list(box.formed.values())[-1].first) == (1, 0)
        assert T + 20_000 <= box.oldest_unformed <= T + 40_000


async def test_readings_that_come_while_the_last_of_the_backlog_is_formed(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add(readings(10))
        forming = asyncio.create_task(box.form_backlog())
        await asyncio.sleep(0)
        await asyncio.gather(forming, box.add(readings(20)), box.add(readings(30)))
        assert (contents(box), counts(box), box.oldest) == ([(Stream.BACKLOG, [10])], (2, 0, 3, 0), T + 10_000)
        assert await box.form_backlog(1)
        assert (contents(box)[1:], box.bundled, box.oldest_unformed) == ([(Stream.BACKLOG, [20])], 1, T + 20_000)


# -- windows ----------------------------------------------------------------------------------------------------------


async def test_live_packs_up_to_the_window_and_backlog_beyond_it(tmp_path):
    async with outbox(tmp_path / "b") as box:
        box.line_up = True
        for number in range(LIVE_WINDOW):
            assert box.room(Stream.LIVE) == LIVE_WINDOW - number == 32 - number
            await box.add(readings(number))
        assert (box.room(Stream.LIVE), box.room(Stream.BACKLOG), box.bundled) == (0, 8, 0)
        await box.add(readings(99))
        assert (len(box.formed), box.bundled, box.oldest_unformed) == (32, 1, T + 99_000)
        box.receipted(receipt(next(iter(box.formed))))
        assert box.room(Stream.LIVE) == 1
        await box.add(readings(100))
        assert (len(box.formed), box.bundled) == (32, 1)


async def test_backlog_up_to_its_window(tmp_path):
    async with outbox(tmp_path / "b") as box:
        for number in range(BACKLOG_WINDOW + 1):
            await box.add(readings(number))
        for number in range(BACKLOG_WINDOW):
            assert box.room(Stream.BACKLOG) == BACKLOG_WINDOW - number == 8 - number
            assert await box.form_backlog(1)
        assert not await box.form_backlog(1)
        assert (len(box.formed), box.bundled) == (8, 1)
        box.receipted(receipt(next(iter(box.formed))))
        assert await box.form_backlog(1)
        assert not await box.form_backlog(1)
        assert counts(box) == (0, 0, 8, 0)


async def test_a_backlog_pack_takes_whole_bundles_up_to_the_records_asked_for(tmp_path):
    async with outbox(tmp_path / "b") as box:
        for start in (0, 10, 20):
            await box.add(readings(start, start + 1))
        await box.form_backlog(3)
        assert contents(box) == [(Stream.BACKLOG, [0, 1])]
        await box.form_backlog(4)
        assert contents(box)[1:] == [(Stream.BACKLOG, [10, 11, 20, 21])]
        for start in range(600):
            box.add(readings(start))
        await box.add(readings(600))
        await box.form_backlog()
        assert [len(found) for _, found in contents(box)] == [2, 4, 64]  # one takes at most 64 bundles


async def test_of_itself_nothing_new_wakes_no_one(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add(readings(1))
        box.changed.clear()
        assert await box.form_backlog()
        assert box.changed.is_set()  # a pack to send
        box.changed.clear()
        assert not await box.form_backlog()
        assert not box.changed.is_set()


async def test_a_count_that_is_wrong_is_mended(tmp_path, capsys):
    async with outbox(tmp_path / "b") as box:
        await box.add(readings(1, base=0), clock="start")
        box.bundled, box.oldest_unformed = 5, 3
        assert not await box.form_backlog()
        assert (counts(box), box.oldest) == ((0, 1, 1, 0), None)
        assert "other readings than were counted" in capsys.readouterr().out
        assert not await box.form_backlog()
        assert "counted" not in capsys.readouterr().out


async def test_readings_that_cannot_be_said_or_are_damaged_are_dropped_and_declared(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add([*readings(1, 2), Reading("tram-1", "moonlight", T, 1.0)])
        await box.add(readings(3))
        box.keeper.file.connection.execute("UPDATE bundle SET body=x'00' WHERE id=2")
        assert await box.form_backlog()
        assert (contents(box), counts(box), box.undeclared) == ([(Stream.BACKLOG, [1, 2])], (0, 0, 2, 2), True)
        assert await box.form_backlog()
        declared = [pack for pack in box.formed.values() if pack.label.kind is PackKind.DROPPED]
        assert [drop.count for drop in decode_drops(declared[0].payload)] == [2]
        assert not box.undeclared
        assert (box.oldest, box.waiting) == (T + 1000, 2)  # the declaration is no reading
        assert not await box.form_backlog()


async def test_a_damaged_row_before_a_good_one(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add(readings(1))
        await box.add(readings(2))
        box.keeper.file.connection.execute("UPDATE bundle SET body=x'00' WHERE id=1")
        assert await box.form_backlog(1)
        assert (box.formed, counts(box)) == ({}, (1, 0, 1, 1))
        assert T + 1000 <= box.oldest <= T + 2000


async def test_only_damaged_rows(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add(readings(1, 2, 3))
        box.keeper.file.connection.execute("UPDATE bundle SET body=x'00'")
        assert await box.form_backlog()
        assert (box.formed, counts(box), box.undeclared, box.oldest_unformed) == ({}, (0, 0, 0, 3), True, None)
        assert box.oldest is None
        assert await is_empty(box)


async def test_drops_are_declared_only_where_there_is_room(tmp_path):
    async with outbox(tmp_path / "b") as box:
        for number in range(BACKLOG_WINDOW):
            await box.add(readings(number))
            await box.form_backlog()
        await box.add(readings(1, base=0), clock="start")
        assert await box.give_up("start", T, T + 1) == 1
        assert box.undeclared
        assert not await box.form_backlog()
        box.receipted(receipt(next(iter(box.formed))))
        assert await box.form_backlog()
        assert not box.undeclared


# -- receipts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "last", "left"), [
    (0, 0, [1, 2, 3]), (1, 2, [0, 3]), (3, 9, [0, 1, 2]), (4, 9, [0, 1, 2, 3]), (0, 3, []), (2, 1, [0, 1, 2, 3]),
])  # fmt: skip
async def test_a_receipt_names_from_first_to_last(tmp_path, first, last, left):
    async with outbox(tmp_path / "b") as box:
        box.line_up = True
        for number in range(4):
            await box.add(readings(number))
        box.changed.clear()
        assert box.receipted(Receipt("boot-1", Stream.LIVE, [(first, last)])) == 4 - len(left)
        assert [key[2] for key in box.formed] == left
        assert box.changed.is_set() is (len(left) < 4)
        assert await is_empty(box) is (not left)


async def test_a_receipt_is_of_one_boot_and_one_stream(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add(readings(1))
        await box.form_backlog()
        box.line_up = True
        await box.add(readings(2))
        assert box.receipted(Receipt("boot-2", Stream.LIVE, [(0, 9)])) == 0
        assert box.receipted(Receipt("boot-1", Stream.LIVE, [])) == 0
        assert box.receipted(Receipt("boot-1", Stream.LIVE, [(5, 9), (0, 0)])) == 1
        assert list(box.formed) == [("boot-1", Stream.BACKLOG, 0)]
        assert box.receipted(Receipt("boot-1", Stream.LIVE, [(0, 0)])) == 0


async def rows(box):
    return await box._in_thread(lambda: box.keeper.file.connection.execute("SELECT count(*) FROM pack").fetchone()[0])


async def test_a_receipted_pack_leaves_the_card_with_the_next_write_or_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr("edge.outbox._TIDY_AFTER", 0.3)
    async with outbox(tmp_path / "b") as box:
        box.line_up = True
        keys = []
        for number in range(3):
            await box.add(readings(number))
        keys = list(box.formed)
        commits = box.keeper.commits
        box.receipted(receipt(keys[0]))
        await asyncio.sleep(0.1)
        assert await rows(box) == 3  # no write for a receipt alone
        box.receipted(receipt(keys[1]))
        await asyncio.sleep(0.5)
        assert (await rows(box), box.keeper.commits) == (1, commits + 1)
        box.receipted(receipt(keys[2]))
        await box.remember({})
        assert (await rows(box), box._receipted) == (0, [])
        box.receipted(receipt(keys[2]))
        assert box._receipted == []


async def test_receipts_that_come_together_ask_for_one_tidying(tmp_path, monkeypatch):
    async with outbox(tmp_path / "b", writing=False) as box:
        box.line_up = True
        adding = [box.add(readings(number)) for number in range(3)]
        await box.flush()
        await asyncio.gather(*adding)
        loop, asked = asyncio.get_running_loop(), []
        with monkeypatch.context() as patch:
            patch.setattr(loop, "call_later", lambda delay, *_: asked.append(delay))
            for key in list(box.formed):
                box.receipted(receipt(key))
        assert asked == [_TIDY_AFTER]


# -- dating -----------------------------------------------------------------------------------------------------------


async def test_dating_forms_packs_of_one_clock_less_what_was_no_reading(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add(readings(1, 2, 3, base=0), clock="start", importance=7)
        await box.add(readings(4, base=0), clock="other")
        await box.add(readings(90))
        assert sorted(await box.clocks()) == ["other", "start"]
        box.changed.clear()
        assert await box.date("start", T + 10_000, {("tram-1", "air_temperature", 2000)}) == 2
        assert (contents(box), counts(box), box.oldest) == ([(Stream.BACKLOG, [11, 13])], (1, 1, 4, 0), T + 11_000)
        assert [(pack.label.redated, pack.importance) for pack in box.formed.values()] == [(True, 7)]
        assert (box.changed.is_set(), box.oldest_unformed) == (True, T + 90_000)
        assert await box.date("start", T) == 0
        assert await box.clocks() == ["other"]


async def test_giving_up_declares(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add(readings(1, 2, base=0), clock="start")
        box.changed.clear()
        assert await box.give_up("other", T, T + 1) == 0
        assert (counts(box), box.undeclared, box.changed.is_set()) == ((0, 2, 2, 0), False, False)
        assert await box.give_up("start", T, T + 1) == 2
        assert (counts(box), box.undeclared, box.changed.is_set()) == ((0, 0, 0, 2), True, True)
        assert await is_empty(box)
        assert await box.give_up("start", T, T + 1) == 0
        assert (box.dropped, box.undeclared) == (2, True)


async def test_what_is_too_old_goes_from_packs_and_from_what_waits(tmp_path, capsys):
    async with outbox(tmp_path / "b") as box:
        box.line_up = True
        await box.add(readings(1, 2))
        await box.add(readings(60))
        box.line_up = False
        await box.add(readings(3))
        await box.add(readings(70))
        await box.expire(T + 1000)
        assert (counts(box), len(box.formed), box.undeclared) == ((2, 0, 5, 0), 2, False)
        assert "buffer full" not in capsys.readouterr().out
        box.changed.clear()
        await box.expire(T + 50_000)
        assert (counts(box), contents(box)) == ((1, 0, 2, 3), [(Stream.LIVE, [60])])
        assert (box.undeclared, box.changed.is_set()) == (True, True)
        assert "readings=3" in capsys.readouterr().out
        await box.expire(T + 80_000)
        assert (counts(box), box.formed, await is_empty(box), box.oldest) == ((0, 0, 0, 5), {}, True, None)


async def test_a_full_buffer_lets_go_of_undated_readings_too(tmp_path):
    async with outbox(tmp_path / "b", cap=200_000) as box:
        given = 0
        for _ in range(64):
            adding = [box.add(readings(*range(100), base=0), clock="start") for _ in range(4)]
            await asyncio.gather(*adding)
            given += 400
        await asyncio.sleep(0)
        assert box.dropped > 0
        assert (box.undated + box.dropped, box.bundled, box.undeclared) == (given, 0, True)


async def test_a_live_pack_that_is_dropped_by_its_own_write_is_not_kept(tmp_path):
    async with outbox(tmp_path / "b", cap=1) as box:
        box.line_up = True
        for second in range(16):  # the cap is looked at with every sixteenth write
            assert (len(box.formed), box.dropped) == (second, 0)
            await box.add(readings(second))
        await asyncio.sleep(0.2)
        assert (box.formed, counts(box), box.undeclared) == ({}, (0, 0, 0, 16), True)
        assert await is_empty(box)


# -- writing ----------------------------------------------------------------------------------------------------------


async def test_what_comes_within_the_linger_shares_a_write(tmp_path):
    async with outbox(tmp_path / "b", linger=0.3) as box:
        commits, loop = box.keeper.commits, asyncio.get_running_loop()
        began = loop.time()
        first = box.add(readings(1))
        await asyncio.sleep(0.1)
        await asyncio.gather(first, box.add(readings(2)))
        assert loop.time() - began >= 0.29
        assert (box.keeper.commits, box.bundled) == (commits + 1, 2)


async def test_what_is_asked_at_once_waits_for_no_linger(tmp_path):
    async with outbox(tmp_path / "b", linger=30.0) as box:
        async with asyncio.timeout(10):
            assert await box.clocks() == []
            assert await box.date("start", T) == 0
            assert await box.give_up("start", T, T) == 0
        adding = box.add(readings(1))
        await asyncio.sleep(0.2)
        assert not adding.done()  # what was asked at once before does not hurry it
        await box.flush()
        await adding
        async with asyncio.timeout(10):
            assert await box.form_backlog()
            box.bundled = 1
            assert not await box.form_backlog()


async def test_urgent_work_takes_what_waits_with_it(tmp_path):
    async with outbox(tmp_path / "b", linger=30.0) as box:
        adding = box.add(readings(1))
        assert (box._urgent.is_set(), box._wake.is_set()) == (False, True)
        question = box._submit(lambda file: file.undated(), at_once=True)
        assert box._urgent.is_set()
        box._submit(lambda file: None)
        assert box._urgent.is_set()
        async with asyncio.timeout(10):
            await asyncio.gather(adding, question)
        assert not box._urgent.is_set()


async def test_a_receipt_waits_for_no_linger_with_nothing_to_write(tmp_path, monkeypatch):
    monkeypatch.setattr("edge.outbox._TIDY_AFTER", 0.05)
    async with outbox(tmp_path / "b", linger=30.0) as box:
        box.line_up = True
        adding = box.add(readings(1))
        await box.flush()
        await adding
        await asyncio.sleep(0)
        box._wake.clear()
        box.receipted(receipt(*box.formed))
        async with asyncio.timeout(20):
            while await rows(box):  # noqa: ASYNC110 — what lies on the card sets no event
                await asyncio.sleep(0.02)


async def test_nothing_to_write_writes_nothing(tmp_path):
    async with outbox(tmp_path / "b", writing=False) as box:
        commits = box.keeper.commits
        await box.flush()
        assert box.keeper.commits == commits
        abandoned, kept = box.add(readings(1)), box.add(readings(2))
        box._jobs[0][1].cancel()  # whoever waited has gone: it is written all the same
        await box.flush()
        await kept
        await asyncio.wait([abandoned])
        assert abandoned.cancelled()
        assert (await box._in_thread(box.keeper.file.waiting)).dated == 2
        assert box._jobs == []


async def test_a_file_that_was_replaced_at_work_is_counted_again(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add(readings(1, 2))
        box.bundled = 9
        await box.remember({})
        await asyncio.sleep(0.05)
        assert box.bundled == 9  # the same file is not counted at each write
        box.keeper.moved = True
        await box.remember({})
        await asyncio.sleep(0.05)
        assert (box.bundled, box.oldest_unformed, box.keeper.moved) == (2, T + 1000, False)


async def test_closing_writes_what_waits(tmp_path):
    box = Outbox(Keeper(tmp_path / "b", "boot-1"))
    await box.open()
    adding = box.add(readings(1))
    await box.close()
    await adding
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        box.keeper.file.connection.execute("SELECT 1")
    async with outbox(tmp_path / "b", "boot-2") as box:
        assert box.bundled == 1


# -- beside a plain reference -----------------------------------------------------------------------------------------


class Plain:
    """An outbox in lists: bundles that wait, those of each clock, packs by stream, what was dropped."""

    def __init__(self):
        self.bundles, self.undated, self.packs, self.dropped, self.undeclared = [], {}, [], 0, False

    def room(self, stream):
        return {Stream.LIVE: 32, Stream.BACKLOG: 8}[stream] - sum(1 for known, _ in self.packs if known is stream)

    def add(self, taken, clock, up):
        if clock:
            self.undated.setdefault(clock, []).append(taken)
        elif up and self.room(Stream.LIVE) > 0:
            self.packs.append((Stream.LIVE, taken))
        else:
            self.bundles.append(taken)

    def form(self, records):
        if not (self.bundles or self.undeclared) or self.room(Stream.BACKLOG) <= 0:
            return
        if self.undeclared:
            self.packs.append((Stream.BACKLOG, []))
        chosen = self.bundles[:1]
        while len(chosen) < len(self.bundles) and sum(map(len, chosen)) + len(self.bundles[len(chosen)]) <= records:
            chosen.append(self.bundles[len(chosen)])
        if chosen:
            self.packs.append((Stream.BACKLOG, [time for bundle in chosen for time in bundle]))
        self.bundles, self.undeclared = self.bundles[len(chosen) :], False

    def date(self, clock, zero):
        if taken := [zero + time for bundle in self.undated.pop(clock, []) for time in bundle]:
            self.packs.append((Stream.BACKLOG, taken))

    def give_up(self, clock):
        lost = sum(map(len, self.undated.pop(clock, [])))
        self.dropped, self.undeclared = self.dropped + lost, self.undeclared or lost > 0

    def receipt(self, number):
        if self.packs:
            del self.packs[number % len(self.packs)]

    def seen(self):
        waiting = sum(map(len, self.bundles)), sum(len(taken) for all_ in self.undated.values() for taken in all_)
        whole = sum(waiting) + sum(len(taken) for _, taken in self.packs)
        return (
            (*waiting, whole, self.dropped),
            self.undeclared,
            [(stream, sorted(taken)) for stream, taken in self.packs],
        )


CLOCK = st.sampled_from(["start", "other"])
STEP = st.one_of(
    st.tuples(st.just("add"), st.integers(1, 4), st.sampled_from(["", "", "", "start", "other"])),
    st.tuples(st.just("form"), st.sampled_from([1, 3, 4, 5, 500])), st.tuples(st.just("line"), st.booleans()),
    st.tuples(st.just("receipt"), st.integers(0, 40)), st.tuples(st.just("date"), CLOCK),
    st.tuples(st.just("give up"), CLOCK), st.tuples(st.just("restart")),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, min_size=5, max_size=30))
def test_any_course_is_as_in_lists(steps):
    structlog.configure(processors=[lambda *_: (_ for _ in ()).throw(structlog.DropEvent)])
    try:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(course(Path(folder) / "b", steps))
    finally:
        structlog.reset_defaults()


async def course(path, steps):
    plain, second, boot, up = Plain(), 0, 1, False
    async with contextlib.AsyncExitStack() as stack:
        box = await stack.enter_async_context(outbox(path, "boot-1"))
        for name, *values in steps:
            if name == "add":
                taken, second = list(range(second, second + values[0])), second + values[0]
                plain.add(taken, values[1], up)
                await box.add(readings(*taken, base=0 if values[1] else T), clock=values[1])
            elif name == "form":
                plain.form(values[0])
                await box.form_backlog(values[0])
            elif name == "line":
                up = box.line_up = values[0]
            elif name == "receipt":
                if box.formed:
                    assert box.receipted(receipt(list(box.formed)[values[0] % len(box.formed)])) == 1
                plain.receipt(values[0])
            elif name == "date":
                plain.date(values[0], 1000)
                await box.date(values[0], T + 1_000_000)
            elif name == "give up":
                plain.give_up(values[0])
                await box.give_up(values[0], T, T + 1)
            else:
                await stack.aclose()
                boot, plain.dropped, up = boot + 1, 0, False
                box = await stack.enter_async_context(outbox(path, f"boot-{boot}"))
            packs = [(key[1], sorted(times(pack)) if pack.readings else []) for key, pack in box.formed.items()]
            assert (counts(box), box.undeclared, packs) == plain.seen()
            assert await is_empty(box) is (box.waiting == 0 and not box.formed)
            known = [time for bundle in [*plain.bundles, *(taken for _, taken in plain.packs)] for time in bundle]
            assert (box.oldest is None) is (not known)
            assert box.oldest is None or box.oldest <= T + 1000 * min(known)
