"""What a gateway decides by itself: alarms, relays, its clock; pure parts with time as an argument."""

import struct
import threading
from datetime import UTC, datetime, timedelta

import pytest

from edge.action_settings import Alarm, Relay
from edge.alarm import AlarmState, RelayState
from edge.gateway_clock import RELEASED, Evidence, GatewayClock, ask_ntp, has_battery_clock, is_right
from edge.health import health


def alarm(**more):
    return AlarmState(Alarm(**({"name": "flood", "station": "s", "quantity": "water_level", "above": 2.5,
                                "hysteresis": 0.3, "duration": 60, "relay": "siren"} | more)), 1)  # fmt: skip


def test_an_alarm_needs_its_duration_and_ends_only_below_its_hysteresis():
    state = alarm()
    assert [state.step(value, at) for at, value in enumerate([2.6] * 3)] == [False] * 3
    assert not state.step(2.4, 30)
    assert not state.step(2.6, 40)
    assert state.step(2.6, 100)
    assert state.step(2.3, 110)
    assert not state.step(2.19, 120)


def test_an_alarm_below():
    state = alarm(above=None, below=3.0, quantity="dissolved_oxygen", duration=0, hysteresis=0.5)
    assert state.step(2.9, 0)
    assert state.step(3.4, 1)
    assert not state.step(3.6, 2)


def test_an_alarm_without_readings_ends():
    state = alarm(duration=0)
    state.stale = 100
    assert state.step(3, 0)
    assert state.look(100)
    assert not state.look(101)


def test_a_relay_rests_and_is_not_left_on():
    state = RelayState(Relay(name="pump", bus="b", longest_on=100, shortest_off=50))
    assert state.refusal(0, on=True) == ""
    state.switched(0, on=True)
    assert not state.overdue(99)
    assert state.overdue(100)
    state.switched(100, on=False)
    assert "another 20 s" in state.refusal(130, on=True)
    assert state.refusal(150, on=True) == ""
    state.switched(150, on=True, seconds=10)
    assert state.overdue(160)
    state.switched(150, on=True, seconds=1000)
    assert state.overdue(250)  # no order may exceed the longest time
    state.switched(240, on=True, seconds=100)
    assert state.overdue(250)  # nor many, one after the other


def test_a_relay_rests_after_a_restart_too():
    """Nobody knows when the last run switched it off: it rests from the moment at which this one did."""
    state = RelayState(Relay(name="pump", bus="b", shortest_off=50))
    assert not state.sure
    state.switched(10, on=False)
    assert state.sure
    assert "another 40 s" in state.refusal(20, on=True)
    assert state.refusal(60, on=True) == ""


def test_a_relay_that_does_not_answer_is_tried_ever_more_seldom():
    state = RelayState(Relay(name="pump", bus="b"))
    waits = []
    for _ in range(2000):  # a day and more
        state.failed(0)
        waits.append(state.next_attempt)
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert set(waits[7:]) == {60}


T = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(("right", "evidence", "trust"), [
    (True, Evidence(T, synchronised=True), "automatic"),
    (False, Evidence(T, synchronised=False), "automatic"),  # last shutdown's time looks right and is not
    (True, Evidence(T, synchronised=False, has_battery_clock=True), "automatic"),
    (False, Evidence(T, synchronised=False, has_battery_clock=True), "ntp"),
    (False, Evidence(datetime(1970, 1, 1, tzinfo=UTC), has_battery_clock=True), "automatic"),
    (False, Evidence(T, has_battery_clock=True, newest=T + timedelta(days=3)), "automatic"),
    (True, Evidence(T, offset=0.4), "ntp"),
    (True, Evidence(datetime(1970, 1, 1, tzinfo=UTC)), "always"),
])  # fmt: skip
def test_when_a_clock_is_believed(right, evidence, trust):
    assert is_right(evidence, trust) is right


class Machine:
    wall, since, synchronised = 0.0, 100.0, False

    def clock(self, trust="ntp", **more):
        return GatewayClock(trust, wall=lambda: self.wall, since_start=lambda: self.since,
                            synchronised=lambda: self.synchronised, **more)  # fmt: skip


def test_readings_wait_for_the_time_and_get_it_exactly():
    machine = Machine()
    clock = machine.clock()
    assert not clock.look()
    assert clock.stamp() == (100_000, clock.start)
    machine.since, machine.wall = 160.0, T.timestamp()
    machine.synchronised = True
    assert clock.look()
    assert clock.zero() + 100_000 == (T.timestamp() - 60) * 1000
    assert clock.stamp() == (T.timestamp() * 1000, "")
    assert not clock.look()


def test_a_real_time_clock_without_a_battery_is_none(tmp_path):
    place = tmp_path / "sys/class/rtc/rtc0"
    place.mkdir(parents=True)
    assert not has_battery_clock(tmp_path)
    for seconds, kept in ((12, False), (946_684_812, False), (int(T.timestamp()), True)):
        (place / "since_epoch").write_text(f"{seconds}\n")
        assert has_battery_clock(tmp_path) is kept


def test_a_clock_that_jumps_is_reported(capsys):
    machine = Machine()
    machine.wall = T.timestamp()
    machine.synchronised = True
    clock = machine.clock()
    clock.look()
    for jump in (3600, -3600, 86_400 * 365 * 74):
        machine.wall += jump
        clock.look()
        assert f"seconds={float(jump)}" in capsys.readouterr().out


async def test_ntp_server_is_asked_and_its_correction_used():
    import socket

    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def answer():
        import time

        _, peer = server.recvfrom(100)
        now = time.time() + 5000 + 2_208_988_800
        stamp = struct.pack(">II", int(now), int((now % 1) * 2**32))
        server.sendto(bytes([0x24, 2]) + bytes(30) + stamp + stamp, peer)

    thread = threading.Thread(target=answer)
    thread.start()
    offset = await ask_ntp(f"127.0.0.1:{server.getsockname()[1]}")
    thread.join()
    server.close()
    assert offset == pytest.approx(5000, abs=0.5)
    machine = Machine()
    clock = machine.clock()
    clock.offset = offset
    assert clock.look()
    assert clock.now() == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=offset)
    assert await ask_ntp("127.0.0.1:9", wait=0.2) is None


def test_release_floor_is_in_the_past():
    assert datetime.now(UTC) > RELEASED


def test_health_of_a_machine(tmp_path):
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "temp").write_text("48312\n")
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/wireless").write_text("Inter-| sta\n face |\n wlan0: 0000   54.  -56.  -256 0 0 0 0 0 0\n")
    found = health(tmp_path, root=tmp_path)
    assert (found.cpu_temperature, found.signal) == (48.312, -56.0)
    assert found.disk_free > 0
    assert health(tmp_path).memory > 1_000_000
    (tmp_path / "modem").write_text("rsrp: -97 dBm")
    assert health(tmp_path, tmp_path / "modem").signal == -97
    assert health(tmp_path, tmp_path / "absent").signal is None
