"""Two SensorThings clients by other makers doing their round against a running server."""

from collections.abc import Iterator
from datetime import UTC, datetime

import frost_sta_client as frost
import geojson
import psycopg
import pytest

from standalone.services import Broker
from store import access
from tests.api.conftest import FILL
from tests.api.served import ingesting, running

pytestmark = [pytest.mark.acceptance, pytest.mark.filterwarnings("ignore:furl")]


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
