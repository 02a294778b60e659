"""Two SensorThings clients by other makers doing their round against a running server."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import frost_sta_client as frost
import geojson
import psycopg
import pytest

from standalone.services import Broker
from store import access
from tests.api.conftest import FILL
from tests.api.served import ingesting, running

pytestmark = [pytest.mark.acceptance, pytest.mark.filterwarnings("ignore:furl")]

#: aio-sensorthings needs Python 3.13 or newer; it uses pyyaml and redis without saying so.
AIO = ("aio-sensorthings[http,mqtt]==0.8.0", "pyyaml==6.0.4", "redis-om==1.2.0")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nongvu" / "aio-sensorthings-0.8.0"


def newer_python() -> str:
    """A Python 3.13 or 3.14 of this machine, its path; a skip where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = [
        shutil.which("python3.14"),
        shutil.which("python3.13"),
        *map(str, sorted(pyenv.glob("3.1[34].*/bin/python"))),
    ]
    for program in filter(None, found):
        answered = subprocess.run([program, "-c", "import venv, sys; print(sys.version_info[:2] >= (3, 13))"],
                                  capture_output=True, text=True, check=False)  # fmt: skip
        if answered.stdout.strip() == "True":
            return program
    pytest.skip("aio-sensorthings needs Python 3.13 or newer, which is not here")


@pytest.fixture(scope="module")
def aio() -> Path:
    """Python with aio-sensorthings, installed once."""
    program = CACHE / "bin" / "python"
    if not (CACHE / "complete").exists():
        subprocess.run([newer_python(), "-m", "venv", "--clear", CACHE], check=True, timeout=120)
        done = subprocess.run([program, "-m", "pip", "install", "--quiet", *AIO], capture_output=True, text=True,
                              check=False, timeout=300)  # fmt: skip
        if done.returncode:
            pytest.skip(f"{AIO[0]} cannot be installed here: {done.stderr[-300:]}")
        (CACHE / "complete").touch()
    return program


@pytest.fixture
def service(database: str, own_broker: Broker) -> Iterator[tuple[str, str]]:
    """Address of a server with ingest behind it, and an administrator's key."""
    with psycopg.connect(database) as connection:
        connection.execute(FILL)
        access.add_account(connection, "boss")
        access.grant(connection, "boss", "administrator", None)
        key = access.add_key(connection, "boss", scopes=list(access.RIGHTS), per_minute=100_000)
    with ingesting(database, own_broker.url), running(database, mqtt_url=own_broker.url) as address:
        yield address + "/sta/v1.1/", key.text


def test_frost_client_does_its_full_round(service: tuple[str, str]) -> None:
    address, key = service
    client = frost.SensorThingsService(address, auth_handler=frost.AuthHandler("key", key))
    # create, with others inside it
    thing = frost.Thing(name="Trạm FROST", description="made by a client", properties={"owner": "An"})
    thing.locations = [frost.Location(name="here", description="here", encoding_type="application/geo+json",
                                      location=geojson.Point((106.7, 21.9)))]  # fmt: skip
    sensor = frost.Sensor(name="SHT31", description="probe", encoding_type="text/html", metadata="https://example.org")
    unit = frost.UnitOfMeasurement(name="degree Celsius", symbol="°C", definition="ucum:Cel")
    quantity = client.observed_properties().find("air_temperature")
    assert quantity.definition.endswith("/air_temperature/")
    stream = frost.Datastream(
        name="Air", description="Air", unit_of_measurement=unit, sensor=sensor, observed_property=quantity,
        observation_type="http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
    )  # fmt: skip
    thing.datastreams = [stream]
    client.create(thing)
    assert thing.id
    # query, filter, expand, order, count
    found = client.things().query().filter("name eq 'Trạm FROST'").expand("Datastreams,Locations").list()
    (mine,) = list(found)
    assert mine.locations.entities[0].location["coordinates"] == [106.7, 21.9]
    made = mine.datastreams.entities[0]
    assert made.name == "Air"
    # observations, one by one and as arrays
    for minute in range(3):
        seen = frost.Observation(
            phenomenon_time=datetime(2026, 1, 1, 0, minute, tzinfo=UTC).isoformat(),
            result=10.0 + minute,
            datastream=made,
        )
        client.create(seen)
    rows = frost.DataArrayValue()
    rows.datastream = made
    rows.components = {rows.Property.PHENOMENON_TIME, rows.Property.RESULT}
    for minute in range(10, 15):
        rows.add_observation(frost.Observation(
            phenomenon_time=datetime(2026, 1, 1, 0, minute, tzinfo=UTC).isoformat(), result=20.0, datastream=made
        ))  # fmt: skip
    document = frost.DataArrayDocument()
    document.add_data_array_value(rows)
    client.observations().create(document)
    # pages: all of them come, by following links
    values = [item.result for item in made.get_observations().query().top(3).orderby("phenomenonTime", "asc").list()]
    assert values == [10.0, 11.0, 12.0, 20.0, 20.0, 20.0, 20.0, 20.0]
    hot = made.get_observations().query().filter("result gt 11.5 and result lt 15").count().list()
    assert [item.result for item in hot] == [12.0]
    assert hot.count == 1
    # change and delete
    mine.name = "Trạm khác"
    client.update(mine)
    client.patch(mine, [{"op": "replace", "path": "/properties/owner", "value": "Bình"}])
    again = client.things().find(mine.id)
    assert again.name == "Trạm khác"
    assert again.properties["owner"] == "Bình"
    empty = frost.Thing(name="empty", description="to be deleted")
    client.create(empty)
    client.delete(empty)
    with pytest.raises(Exception, match=r"404|Not Found"):
        client.things().find(empty.id)


def test_aio_sensorthings_does_its_round(aio: Path, service: tuple[str, str], tmp_path: Path) -> None:
    address, key = service
    (tmp_path / "key").write_text(key)
    script = Path(__file__).with_name("sensorthings_round.py")
    done = subprocess.run(
        [aio, script, address.removesuffix("/v1.1/"), tmp_path / "key"], capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout)
    written, read = seen["written"], seen["read"]
    assert written["found"] == [written["thing"]]
    assert (written["changed"], written["gone"]) == (True, False)
    assert written["where"] == [106.7, 21.9]
    # pages of three, by their links: everything once
    assert read["counts"] == read["distinct"]
    assert dict(zip(("Locations", "Things"), read["counts"], strict=False)) == {"Locations": 6, "Things": 6}
    assert read["values"] == [11, 12, 13, 14]
    assert (read["thing"], read["property"]) == ("Trạm khác", "air_temperature")
    assert read["scoped"] == read["with thing"] == 6
