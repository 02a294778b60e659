"""Lines that lie (F33): garbled frames, wrong units, exceptions, short answers, silence; neighbours go on."""

import asyncio
import contextlib
import random
import struct

import pytest
from gateway_peers import Liar, crc
from hypothesis import given
from hypothesis import strategies as st

from edge.bus import BusError, LineDownError, NoAnswerError, RefusedError, WrongAnswerError, tcp_bus
from edge.bus_settings import TcpBus, Unit
from edge.circuit_breaker import Circuit
from edge.device import Device, read, readings
from edge.reading_plan import Request, halves, plan
from edge.rtu_frame import answer_start, checksum
from edge.sensor import shelf
from standalone.services import free_port


@pytest.fixture(params=["tcp", "rtu"])
def liar(request):
    return Liar(rtu=request.param == "rtu")


async def asked(bus, unit=1, count=2, budget=0.3):
    return await bus.read(unit, 3, 0, count, budget)


async def test_a_right_answer(liar):
    liar.lie = lambda unit, body, tid: liar.right(unit, [7, 8], tid)
    async with liar.running() as bus:
        assert await asked(bus) == [7, 8]


async def test_silence_costs_its_budget_and_the_line_stays(liar):
    liar.lie = lambda unit, body, tid: None if unit == 5 else liar.right(unit, [unit, 0], tid)
    async with liar.running() as bus:
        for _ in range(3):
            with pytest.raises(NoAnswerError):
                await asked(bus, 5, budget=0.05)
            assert await asked(bus, 1) == [1, 0]


async def test_garbage(liar):
    liar.lie = lambda unit, body, tid: b"\xff\x13\x00garbage\x00\xff" if unit == 5 else liar.right(unit, [3, 4], tid)
    async with liar.running() as bus:
        with pytest.raises((NoAnswerError, WrongAnswerError, LineDownError)):
            await asked(bus, 5)
        assert await asked(bus, 1) == [3, 4]


@pytest.mark.parametrize("noise", [b"\x00", b"\xff", b"\x00\xff\x13", b"\x00\x03\x04\x01\x00"])
async def test_noise_before_an_answer_is_passed_over(noise):
    """A line that switches its direction: a byte or two, at every answer."""
    liar = Liar(rtu=True)
    liar.lie = lambda unit, body, tid: noise + liar.right(unit, [1, 0x0103])
    async with liar.running() as bus:
        for _ in range(3):
            assert await asked(bus) == [1, 0x0103]


@given(st.binary(max_size=6), st.integers(1, 247), st.lists(st.integers(0, 65_535), min_size=1, max_size=4))
def test_an_answer_is_found_behind_whatever_noise_and_not_before_it_is_whole(noise, unit, words):
    answer = crc(bytes([unit, 3, 2 * len(words)]) + struct.pack(f">{len(words)}H", *words))
    assert checksum(answer[:-2]) == int.from_bytes(answer[-2:], "little")
    noise = noise.replace(bytes([unit]), b"")  # noise that is an answer itself cannot be told from one
    assert answer_start(noise + answer, unit) == len(noise)
    assert answer_start(noise + answer[:-1], unit) is None


async def test_a_wrong_checksum_is_no_answer():
    liar = Liar(rtu=True)
    liar.lie = lambda unit, body, tid: liar.right(unit, [3, 4])[:-1] + b"\x00"
    async with liar.running() as bus:
        with pytest.raises(NoAnswerError):
            await asked(bus)


async def test_another_unit_answers(liar):
    liar.lie = lambda unit, body, tid: liar.right(unit + 1, [3, 4], tid)
    async with liar.running() as bus:
        with pytest.raises((NoAnswerError, WrongAnswerError)):
            await asked(bus)


async def test_a_short_answer(liar):
    liar.lie = lambda unit, body, tid: liar.right(unit, [3], tid)
    async with liar.running() as bus:
        with pytest.raises((NoAnswerError, WrongAnswerError)):
            await asked(bus)


async def test_an_answer_of_another_function(liar):
    liar.lie = lambda unit, body, tid: liar.right(unit, [3, 4], tid, function=4)
    async with liar.running() as bus:
        with pytest.raises((NoAnswerError, WrongAnswerError)):
            await asked(bus)


@pytest.mark.parametrize(("code", "lasting"), [(1, True), (2, True), (3, True), (4, False), (6, False), (11, False)])
async def test_exceptions_say_never_or_later(liar, code, lasting):
    def lie(unit, body, tid):
        answer = bytes([unit, 0x83, code])
        return crc(answer) if liar.rtu else struct.pack(">HHH", tid, 0, 3) + answer

    liar.lie = lie
    async with liar.running() as bus:
        with pytest.raises(RefusedError) as error:
            await asked(bus)
        assert error.value.lasting is lasting


async def test_a_late_answer_is_not_taken_for_the_next(liar):
    async def late(unit, tid):
        await asyncio.sleep(0.15)
        return liar.right(unit, [66, 66], tid)

    liar.lie = lambda unit, body, tid: late(unit, tid) if unit == 5 else liar.right(unit, [1, 2], tid)
    async with liar.running() as bus:
        with pytest.raises(NoAnswerError):
            await asked(bus, 5, budget=0.05)
        for _ in range(5):
            with contextlib.suppress(NoAnswerError, WrongAnswerError):
                assert await asked(bus, 1, budget=0.5) == [1, 2]


async def test_a_late_answer_is_not_taken_for_that_of_other_words_of_the_same_unit():
    """Frames of RTU bear no number: only time tells one answer from another."""
    liar = Liar(rtu=True)

    async def answer(unit, address, late):
        await asyncio.sleep(late)
        return liar.right(unit, [address, address])

    def lie(unit, body, tid):
        (address,) = struct.unpack(">H", body[2:4])
        return answer(unit, address, {1: 0.3, 2: 0.1}.get(liar.requests, 0.0))

    liar.lie = lie
    async with liar.running() as bus:
        with pytest.raises(NoAnswerError):
            await bus.read(1, 3, 7, 2, 0.2)
        assert await bus.read(1, 3, 7, 2, 0.2) == [7, 7]  # a second try: the late answer is as good
        assert await bus.read(1, 3, 100, 2, 0.2) == [100, 100]
        assert await bus.read(1, 3, 200, 2, 0.2) == [200, 200]


async def test_a_connection_that_was_forgotten_is_opened_anew(liar):
    """The other end was switched off and on, or a router between: it takes new connections and knows no old one."""
    liar.lie = lambda unit, body, tid: liar.right(unit, [1, 2], tid) if len(liar.tasks) > 1 else None
    async with liar.running() as bus:
        for _ in range(3):
            with pytest.raises(NoAnswerError):
                await asked(bus, budget=0.05)
        assert await asked(bus) == [1, 2]


async def test_a_line_that_closes_comes_back(liar):
    liar.lie = lambda unit, body, tid: "close" if liar.requests == 1 else liar.right(unit, [1, 2], tid)
    async with liar.running() as bus:
        with pytest.raises((LineDownError, NoAnswerError)):
            await asked(bus)
        assert await asked(bus) == [1, 2]


def lies(liar, draw):
    """Answers of a device gone mad: half frames, strange functions and lengths, with a right checksum all the same."""

    def lie(unit, body, tid):
        answer = bytes([unit, 3, 4, *draw.randbytes(4)])
        answer = draw.choice([
            answer, answer[: draw.randrange(1, 7)], answer[:2] + draw.randbytes(5), draw.randbytes(draw.randrange(1, 30)),
            bytes([unit, draw.randrange(256), *draw.randbytes(draw.randrange(9))]), bytes([unit, 5, 0, 0]),
        ])  # fmt: skip
        if draw.random() < 0.1:
            return answer
        return crc(answer) if liar.rtu else struct.pack(">HHH", tid, 0, len(answer)) + answer

    return lie


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_a_device_says_the_line_goes_on(liar, seed):
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    liar.lie = lies(liar, random.Random(seed))
    async with liar.running() as bus:
        for number in range(120):
            with contextlib.suppress(BusError):
                if number % 5:
                    assert len(await asked(bus, budget=0.02)) == 2
                else:
                    await bus.write_coil(1, 0, on=True, budget=0.02)
        liar.lie = lambda unit, body, tid: liar.right(unit, [1, 2], tid)
        with contextlib.suppress(BusError):
            await asked(bus)
        assert await asked(bus) == [1, 2]
    assert complaints == []


async def test_no_line_at_all():
    bus = tcp_bus(TcpBus(name="b", kind="modbus_tcp", host="127.0.0.1", port=free_port()))
    with pytest.raises(LineDownError):
        await asked(bus)


# -- plans and circuits -----------------------------------------------------------------------------------------


def device(name="lufft-ws", **more):
    unit = Unit(**({"name": "d", "station": "s", "model": name, "unit": 1, "interval": 10} | more))
    model = shelf()[name]
    return Device(unit, model, tuple(item for item in model.registers if not (item.variant or item.optional)))


def test_registers_are_asked_for_together():
    requests = plan(shelf()["soil-7in1"], device("soil-7in1").registers)
    assert requests == (Request(3, 0, 7),)
    lufft = device()
    assert len(lufft.requests) == 3  # holes up to eight words are read along
    assert all(any(request.covers(4, register.address) for request in lufft.requests) for register in lufft.registers)


def test_refused_words_are_not_read_along():
    lufft = device()
    assert all(not request.covers(4, 16) for request in plan(lufft.model, lufft.registers, [(4, 16)]))
    assert all(not request.covers(4, 31) for request in plan(lufft.model, lufft.registers, [(4, 31)]))


def test_halves_meet_at_registers():
    lufft = device()
    left, right = halves(lufft.requests[0], lufft.registers, 4)
    assert left.last < right.address
    assert halves(Request(4, 31, 1), lufft.registers, 4) is None


async def test_a_refused_register_is_found_remembered_and_costs_nobody():
    liar = Liar()

    def lie(unit, body, tid):
        address, count = struct.unpack(">HH", body[2:6])
        if address <= 31 < address + count:
            return struct.pack(">HHH", tid, 0, 3) + bytes([unit, 0x84, 2])
        return liar.right(unit, [250] * count, tid, function=4)

    liar.lie = lie
    lufft = device()
    async with liar.running() as bus:
        names = {item.register.quantity for item in await read(lufft, bus)}
        assert "relative_humidity" in names
        assert "dew_point" in names
        assert "air_temperature" not in names
        assert lufft.memory.refused == [(4, 31)]
        before = liar.requests
        await read(lufft, bus)
        assert liar.requests - before == len(lufft.requests)
    again = device()
    again.recall(lufft.remembered()[lufft.key])
    assert again.requests == lufft.requests


def test_a_circuit_opens_tries_ever_more_seldom_and_closes():
    circuit = Circuit()
    for at in range(3):
        assert circuit.allows(at)
        circuit.failed(at, interval=10)
    assert circuit.opened
    assert not circuit.allows(20)
    waits = []
    for _ in range(6):
        waits.append(circuit.wait)
        circuit.failed(circuit.next_trial, interval=10)
    assert waits == [30, 60, 120, 240, 480, 600]
    circuit.succeeded()
    assert circuit.allows(0)


async def test_counters_become_increments_that_survive_a_restart():
    liar = Liar()
    rain = {"count": 65_530}
    liar.lie = lambda unit, body, tid: liar.right(
        unit, [rain["count"]] * struct.unpack(">H", body[4:6])[0], tid, function=4
    )
    lufft = device(only=("precipitation",))
    lufft.registers = tuple(item for item in lufft.registers if item.quantity == "precipitation")
    lufft.recall(None)
    async with liar.running() as bus:
        assert readings(lufft, await read(lufft, bus), 1_000_000) == []  # nothing to compare with
        rain["count"] = 4  # ten more: the count has wrapped
        assert [item.value for item in readings(lufft, await read(lufft, bus), 1_010_000)] == [0.1]
        again = device()
        again.registers = lufft.registers
        again.recall(lufft.remembered()[lufft.key])
        rain["count"] = 29
        assert [item.value for item in readings(again, await read(again, bus), 1_020_000)] == [0.25]
        rain["count"] = 3  # reset, or one bad sample: the next one tells
        assert readings(again, await read(again, bus), 1_030_000) == []
        rain["count"] = 5
        assert [item.value for item in readings(again, await read(again, bus), 1_040_000)] == [0.03, 0.02]
        rain["count"] = 1000
        assert readings(again, await read(again, bus), 1_000_000_000) == []  # days later: no cloudburst of now
