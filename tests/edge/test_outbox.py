"""The outbox: caps and declared drops, full and unwritable cards, damaged files, dating afterwards."""

import asyncio
import contextlib
import sqlite3
import subprocess
from pathlib import Path

import pytest

from edge.buffer_worker import Keeper
from edge.drops import merged, of_readings
from edge.outbox import Outbox
from edge.salvage import copy_rows, open_buffer
from telemetry.pack import CBOR, DroppedPacks, DroppedReadings, PackKind, Receipt, Stream, decode_drops
from telemetry.reading import Reading
from telemetry.wire import decode, resolve


def taken(start, count=100, station="tram-1"):
    return [
        Reading(station, "air_temperature", 1_700_000_000_000 + 1000 * (start + at), at / 10) for at in range(count)
    ]


@contextlib.asynccontextmanager
async def outbox(path: Path, boot="boot-1", cap=50_000_000):
    box = Outbox(Keeper(path, boot, cap=cap))
    await box.open()
    task = asyncio.create_task(box.run())
    try:
        yield box
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await box.close()


def sent(box):
    """Times of all readings in formed packs, and the drops declared."""
    times, drops = [], []
    for pack in box.formed.values():
        if pack.label.kind is PackKind.DROPPED:
            drops += decode_drops(pack.payload)
        else:
            times += [round(time * 1000) for time in resolve(decode(pack.payload, CBOR)[0]).time]
    return times, drops


async def drain(box):
    """Form and receipt everything, as a server would; what was delivered."""
    times, drops = [], []
    while True:
        while await box.form_backlog():
            pass
        if not box.formed:
            return times, drops
        some, more = sent(box)
        times += some
        drops += more
        for boot, stream, sequence in list(box.formed):
            box.receipted(Receipt(boot, stream, [(sequence, sequence)]))


def counted(drops):
    return sum(drop.count if isinstance(drop, DroppedReadings) else drop.readings for drop in drops)


async def test_what_is_added_is_there_after_a_restart_with_the_same_label(tmp_path):
    async with outbox(tmp_path / "b") as box:
        box.line_up = True
        await box.add(taken(0, 3))
        before = dict(box.formed)
        assert next(iter(before))[1] is Stream.LIVE
    async with outbox(tmp_path / "b", "boot-2") as box:
        assert {key: (pack.payload, pack.label) for key, pack in box.formed.items()} == {
            key: (pack.payload, pack.label) for key, pack in before.items()
        }
        box.line_up = True
        await box.add(taken(10, 1))
        assert ("boot-2", Stream.LIVE, 0) in box.formed


async def test_readings_without_a_line_become_backlog_oldest_first_in_whole_packs(tmp_path):
    async with outbox(tmp_path / "b") as box:
        for start in range(0, 3000, 60):
            await box.add(taken(start, 60))
        assert box.waiting == 3000
        times, drops = await drain(box)
        assert times == sorted(times)
        assert len(times) == 3000
        assert drops == []
        assert box.waiting == 0
        await asyncio.wait_for(box.emptied(), 1)


async def test_at_the_cap_the_oldest_least_important_go_and_are_declared_exactly(tmp_path):
    async with outbox(tmp_path / "b", cap=400_000) as box:
        important = taken(0, 100, "tram-2")
        await box.add(important, importance=5)
        everything = []
        for start in range(0, 60_000, 200):
            everything += taken(start, 200)
            await box.add(everything[-200:])
        assert box.dropped > 0
        times, drops = await drain(box)
        assert counted(drops) + len(times) == len(everything) + 100
        assert counted(drops) == box.dropped
        kept = sorted(time for time in times)
        assert all(item.time in kept for item in important)  # though they were the oldest
        assert everything[-1].time in kept
        assert {drop.station for drop in drops if isinstance(drop, DroppedReadings)} == {"tram-1"}


async def test_what_is_too_old_for_the_server_is_declared(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add(taken(0, 50))
        await box.add(taken(100_000, 50))
        await box.expire(1_700_000_000_000 + 50_000_000)
        times, drops = await drain(box)
        assert len(times) == 50
        assert counted(drops) == 50


async def test_dated_afterwards(tmp_path):
    async with outbox(tmp_path / "b") as box:
        undated = [Reading("tram-1", "air_temperature", 1000 * at, 1.0) for at in range(5)]
        await box.add(undated, clock="kernel-1")
        await box.add(taken(0, 5), clock="")
        assert not any(key for key in box.formed)
        assert await box.date("kernel-1", 1_699_999_000_000) == 5
        redated = [pack for pack in box.formed.values() if pack.label.redated]
        assert len(redated) == 1
        assert sent(box)[0] == [1_699_999_000_000 + 1000 * at for at in range(5)]


async def test_what_can_never_be_dated_is_declared(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add([Reading("tram-1", "air_temperature", 1000, 1.0)], clock="kernel-0")
        assert await box.give_up("kernel-0", 1_700_000_000_000, 1_700_000_100_000) == 1
        times, drops = await drain(box)
        assert times == []
        assert drops[0].count == 1
        assert drops[0].first.startswith("2023-11-14T22:13:20")


def test_drops_are_said_in_few_entries():
    drops = merged([*of_readings(taken(0, 100)), *(DroppedPacks("b", Stream.LIVE, at, at, 10) for at in (1, 2, 3, 5))])
    assert [drop for drop in drops if isinstance(drop, DroppedPacks)] == [
        DroppedPacks("b", Stream.LIVE, 1, 3, 30), DroppedPacks("b", Stream.LIVE, 5, 5, 10)]  # fmt: skip
    assert [drop.count for drop in drops if isinstance(drop, DroppedReadings)] == [100]


# -- bad cards ------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_card(tmp_path):
    folder = tmp_path / "card"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("a small tmpfs cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", folder], check=True)


async def test_a_small_card_is_never_filled_to_the_end(small_card):
    async with outbox(small_card / "b") as box:  # its cap of 50 MB is never reached: the card ends before
        everything = []
        for start in range(0, 60_000, 400):
            everything += taken(start, 400)
            await box.add(everything[-400:])
        assert box.dropped > 0
        assert not box.keeper.opened.in_memory
        times, drops = await drain(box)
        assert counted(drops) + len(times) == len(everything)
        assert everything[-1].time in times
        assert len(times) > 10_000


async def test_a_card_that_others_fill(small_card):
    async with outbox(small_card / "b") as box:
        everything = []
        for start in range(0, 12_000, 400):
            everything += taken(start, 400)
            await box.add(everything[-400:])
        with contextlib.suppress(OSError), (small_card / "log").open("wb", buffering=0) as other:
            while True:
                other.write(bytes(1024))
        for start in range(12_000, 24_000, 400):
            everything += taken(start, 400)
            await box.add(everything[-400:])
        (small_card / "log").unlink()
        box.keeper._next_return = 0.0
        await box.add([])
        assert not box.keeper.opened.in_memory
        times, drops = await drain(box)
        assert counted(drops) + len(set(times)) == len(everything)
        assert len(set(times)) == len(times)
        assert everything[-1].time in times


async def test_card_that_cannot_be_written_from_the_start(tmp_path):
    (tmp_path / "folder-is-a-file").write_text("")
    async with outbox(tmp_path / "folder-is-a-file" / "b") as box:
        assert "memory" in box.keeper.note
        await box.add(taken(0, 10))
        assert len((await drain(box))[0]) == 10


async def test_card_that_becomes_read_only(tmp_path):
    async with outbox(tmp_path / "b") as box:
        await box.add(taken(0, 10))
        box.keeper.file.connection.execute("PRAGMA query_only=ON")  # SQLite answers as on a card remounted read-only
        await box.add(taken(10, 10))
        assert "memory" in box.keeper.note
        assert len((await drain(box))[0]) == 20


# -- damaged files (F19) --------------------------------------------------------------------------------------------


async def filled(path):
    async with outbox(path) as box:
        box.line_up = True
        for start in range(0, 300, 100):
            await box.add(taken(start))
        box.line_up = False
        for start in range(300, 20_000, 100):
            await box.add(taken(start))


async def opened_after(path):
    async with outbox(path, "boot-2") as box:
        times, drops = await drain(box)
        return times, drops, box.keeper.opened, box.dropped


async def test_a_changed_byte_costs_one_row_and_is_counted(tmp_path):
    path = tmp_path / "b"
    await filled(path)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"air_temperature", 0, len(data) * 3 // 4) + 3
    data[at] ^= 0x20
    path.write_bytes(data)
    times, drops, _, dropped = await opened_after(path)
    assert len(times) + counted(drops) == 20_000
    assert counted(drops) == dropped == 100


async def test_a_page_of_garbage(tmp_path):
    path = tmp_path / "b"
    await filled(path)
    data = bytearray(path.read_bytes())
    at = len(data) // 2 // 4096 * 4096
    data[at : at + 4096] = bytes(range(256)) * 16
    path.write_bytes(data)
    times, _, opened, _ = await opened_after(path)
    assert len(times) > 15_000
    assert opened.lost > 0
    assert list(tmp_path.glob("b.damaged-1"))


@pytest.mark.parametrize("damage", ["cut", "header", "empty", "text", "mode"])
async def test_hopeless_files_do_not_stop_the_gateway(tmp_path, damage):
    path = tmp_path / "b"
    await filled(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif damage == "header":
        data = path.read_bytes()
        path.write_bytes(bytes(4096) + data[4096:])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("this is no database " * 500)
    else:
        path.unlink()
        path.mkdir(mode=0)
    async with outbox(path, "boot-2") as box:
        before = len((await drain(box))[0])
        least = {"cut": 8_000, "header": 20_000}.get(damage, 0)
        assert least <= before <= 20_000
        await box.add(taken(50_000, 10))
        times, _ = await drain(box)
        assert len(times) == 10
        if damage in ("header", "text", "cut"):
            assert "damaged" in box.keeper.note


async def test_a_power_cut_while_rows_are_saved_costs_none_of_them(tmp_path, monkeypatch):
    path = tmp_path / "b"
    await filled(path)
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])

    def cut_off(old, file, opened):
        copy_rows(old, file, opened)
        raise KeyboardInterrupt

    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr("edge.salvage.copy_rows", cut_off)
            with pytest.raises(KeyboardInterrupt):
                open_buffer(path, "boot-2")
    times, drops, opened, _ = await opened_after(path)
    assert (len(set(times)), drops) == (20_000, [])
    assert "cut off" in opened.note
    assert [each.name for each in tmp_path.glob("b.damaged-*")] == ["b.damaged-1"]
    assert not list(tmp_path.glob("b.salvaged*"))


async def test_a_reading_that_the_wire_has_no_word_for_holds_nothing_up(tmp_path):
    """A newer version that was taken back left it, or a device that says 1e308 kPa."""
    async with outbox(tmp_path / "b") as box:
        odd = [Reading("tram-1", "air_temperature", 1_700_000_000_000, float("inf")),
               Reading("tram-1", "moonlight", 1_700_000_000_000, 1.0)]  # fmt: skip
        await box.add([*odd, *taken(10, 10)])
        times, drops = await drain(box)
        assert (len(times), counted(drops), box.waiting) == (10, 2, 0)
        box.line_up = True
        await box.add([*odd, *taken(30, 10)])
        assert len((await drain(box))[0]) == 10
        assert box.waiting == 0


async def test_a_lost_write_ahead_log_is_noticed(tmp_path):
    path = tmp_path / "b"
    code = f"""
import asyncio, os, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from edge.buffer_worker import Keeper; from edge.outbox import Outbox; from telemetry.reading import Reading
async def main():
    box = Outbox(Keeper({str(path)!r} and __import__('pathlib').Path({str(path)!r}), 'b1')); await box.open()
    asyncio.create_task(box.run())
    await box.add([Reading('tram-1', 'air_temperature', 1700000000000, 1.0)])
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    await asyncio.to_thread(subprocess.run, [__import__("sys").executable, "-c", code])
    await asyncio.to_thread(Path(f"{path}-wal").unlink)
    async with outbox(path, "boot-2") as box:
        assert "write-ahead log" in box.keeper.note


async def test_a_buffer_takes_and_gives_twenty_thousand_readings_a_second(tmp_path):
    async with outbox(tmp_path / "b") as box:
        loop = asyncio.get_running_loop()
        batches = [taken(start, 500) for start in range(0, 40_000, 500)]
        began = loop.time()
        await asyncio.gather(*(box.add(batch) for batch in batches))
        middle = loop.time()
        times, _ = await drain(box)
        end = loop.time()
        assert len(times) == 40_000
        assert 40_000 / (middle - began) > 10_000  # the bar of 20,000 is the benchmark's; here the machine is shared
        assert 40_000 / (end - middle) > 5000


def test_file_is_durable_as_set(tmp_path):
    keeper = Keeper(tmp_path / "b", "boot")
    keeper.open()
    try:
        assert keeper.file.connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert keeper.file.connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    finally:
        keeper.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "b")) as other:
        assert other.execute("SELECT count(*) FROM pack").fetchone()[0] == 0


@pytest.mark.parametrize(("linger", "most"), [(0.2, 10), (4.0, 3)])
async def test_gentle_on_the_card(tmp_path, linger, most):
    """Commits of one minute of a 60-channel gateway: eight devices one after the other, each receipted at once."""
    box = Outbox(Keeper(tmp_path / "b", "boot"), linger)
    await box.open()
    task = asyncio.create_task(box.run())
    box.line_up = True
    adding = []
    for device in range(8):
        adding.append(box.add(taken(device * 10, 8, f"s{device}")))
        await asyncio.sleep(0.3)
        for boot, stream, sequence in list(box.formed):
            box.receipted(Receipt(boot, stream, [(sequence, sequence)]))
    await asyncio.gather(*adding)
    for boot, stream, sequence in list(box.formed):
        box.receipted(Receipt(boot, stream, [(sequence, sequence)]))
    await asyncio.sleep(6)
    assert box.waiting == 0
    assert box.keeper.commits <= most
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await box.close()
