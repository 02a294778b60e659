"""Messages of the real networks, as their documents show them, become readings; lies become counted errors."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.payload import MessageError, PayloadModel, found, payload_shelf
from edge.push_settings import HttpDevice, MqttDevice
from edge.sources.envelope import HTTP, MQTT
from edge.sources.messenger import Messenger
from telemetry.wire import encode

NOW = datetime(2026, 7, 1, 5, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def messenger(kind, payload=None, **more):
    unit = MqttDevice.model_validate(
        {"name": "d", "station": "field-1", "kind": kind, "topic": "#", "payload": payload, **more}
    )
    return Messenger(unit, MQTT[kind], ZONE, unit.identity)


def taken(device, topic, message, now=NOW):
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    readings = device.take(topic, payload, now)
    return {item.datastream: (item.value, item.time) for item in readings} if readings is not None else None


def ms(text):
    return int(datetime.fromisoformat(text).timestamp() * 1000)


CHIRPSTACK = {
    "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d", "time": "2026-07-01T04:59:58.123456789+00:00",
    "deviceInfo": {"tenantId": "t", "applicationId": "a", "deviceProfileName": "EM500", "deviceName": "probe",
                   "devEui": "24e124126a148401", "tags": {}},
    "devAddr": "00189440", "adr": True, "dr": 5, "fCnt": 4, "fPort": 85, "confirmed": False,
    "data": "AXVkA2cZAQTKcwAFf/AA",
    "object": {"battery": 100, "temperature": 28.1, "soil_moisture": 11.5, "ec": 2.4},
    "rxInfo": [{"gatewayId": "a84041ffff1e4d8c", "rssi": -48, "snr": 9.5}],
}  # fmt: skip


def test_chirpstack():
    device = messenger("chirpstack", "milesight-em500-smtc", identity="24e124126a148401", level="-0.20m")
    assert taken(device, "application/a/device/24e124126a148401/event/up", CHIRPSTACK) == {
        "soil_moisture/-0.20m": (0.115, ms("2026-07-01T04:59:58.123+00:00")),
        "soil_temperature/-0.20m": (28.1, ms("2026-07-01T04:59:58.123+00:00")),
        "soil_electrical_conductivity/-0.20m": (2.4, ms("2026-07-01T04:59:58.123+00:00")),
        "battery_level/-0.20m": (100, ms("2026-07-01T04:59:58.123+00:00")),
    }
    other = messenger("chirpstack", "milesight-em500-smtc", identity="ffffffffffffffff")
    assert taken(other, "application/a/device/x/event/up", CHIRPSTACK) is None
    assert other.errors == 0


def test_chirpstack_without_a_codec_says_the_remedy():
    device = messenger("chirpstack", "milesight-em500-smtc")
    assert taken(device, "t", {**CHIRPSTACK, "object": None}) is None
    assert "codec" in device.last_error


def test_the_things_stack():
    device = messenger("things_stack", "dragino-lse01")
    message = {  # as in thethingsindustries.com, "Data formats"; the radio gateway's own clock is wrong
        "end_device_ids": {"device_id": "lse01", "application_ids": {"application_id": "app"},
                           "dev_eui": "A84041E341824BE0", "join_eui": "800000000000000C", "dev_addr": "00BCB929"},
        "correlation_ids": ["as:up:01E191YN5F2HMBQCBCVRF731VY"],
        "received_at": "2026-07-01T04:58:01.5Z",
        "uplink_message": {"session_key_id": "AXA50", "f_cnt": 1, "f_port": 2, "frm_payload": "gkHe",
                           "rx_metadata": [{"gateway_ids": {"gateway_id": "gtw1", "eui": "9C5C8E00001A05C4"},
                                            "time": "2031-02-12T15:15:45.787Z", "rssi": -35, "snr": 5}],
                           "settings": {"time": "2031-02-12T15:15:45.787Z"},
                           "decoded_payload": {"Bat": 3.4, "water_SOIL": "19.57", "temp_SOIL": "24.59",
                                                            "conduct_SOIL": 143, "Mod": None},
                           "received_at": "2026-07-01T04:58:00.250Z"},
    }  # fmt: skip
    values = taken(device, "v3/app@ttn/devices/lse01/up", message)
    assert values["soil_moisture"] == (0.1957, ms("2026-07-01T04:58:00.250+00:00"))
    assert values["soil_electrical_conductivity"][0] == 0.143


def test_zigbee2mqtt():
    device = messenger("zigbee2mqtt", "zigbee-soil")
    message = {"temperature": 22.1, "soil_moisture": 31, "battery": 90, "linkquality": 120}
    assert taken(device, "zigbee2mqtt/garden", message)["soil_moisture"] == (0.31, int(NOW.timestamp() * 1000))
    seen = {**message, "last_seen": "2026-07-01T11:59:00+07:00"}
    assert taken(device, "zigbee2mqtt/garden", seen)["soil_moisture"][1] == ms("2026-07-01T04:59:00+00:00")
    epoch = {**message, "last_seen": 1782881940000}
    assert taken(device, "zigbee2mqtt/garden", epoch)["soil_moisture"][1] == 1782881940000


def test_tasmota_tells_local_time_and_perhaps_fahrenheit():
    device = messenger("tasmota", "tasmota-climate")
    message = {"Time": "2026-07-01T11:55:00", "AM2301": {"Temperature": 22.6, "Humidity": 32.4}, "TempUnit": "C"}
    assert taken(device, "tele/barn/SENSOR", message) == {
        "air_temperature": (22.6, ms("2026-07-01T04:55:00+00:00")),
        "relative_humidity": (32.4, ms("2026-07-01T04:55:00+00:00")),
    }
    warm = {"Time": "2026-07-01T11:55:00", "AM2301": {"Temperature": 77.0, "Humidity": 32.4}, "TempUnit": "F"}
    assert taken(device, "tele/barn/SENSOR", warm)["air_temperature"][0] == 25.0


def test_esphome():
    own = [{"paths": ["soil_moisture"], "quantity": "soil_moisture", "unit": "%"}]
    device = messenger("esphome", field=own)
    assert taken(device, "node/sensor/soil_moisture/state", b"41.5")["soil_moisture"][0] == 0.415
    assert taken(device, "node/sensor/soil_moisture/state", b"nan") == {}


def test_plain_json_with_a_path_map():
    fields = [{"paths": ["data.0.level"], "quantity": "water_level", "unit": "cm"},
              {"paths": ["batt"], "quantity": "battery_voltage", "unit": "mV"}]  # fmt: skip
    device = messenger("json", field=fields, time="data.0.at")
    message = {"data": [{"level": "312.5", "at": 1782881940}], "batt": 3612}
    assert taken(device, "x", message) == {
        "water_level": (3.125, 1782881940000),
        "battery_voltage": (3.612, 1782881940000),
    }


ECOWITT = (b"PASSKEY=0123456789ABCDEF0123456789ABCDEF&stationtype=WH2650A_V1.6.8&dateutc=2026-07-01+04:59:57&tempf=47.8"
           b"&humidity=91&baromrelin=29.565&winddir=261&windspeedmph=8.95&windgustmph=14.76&solarradiation=57.25&uv=0"
           b"&rainratein=0.000&dailyrainin=0.012&totalrainin=%s&soilmoisture1=31&model=WH2650")  # fmt: skip


def test_ecowitt_is_imperial_and_utc_and_its_rain_grows():
    unit = HttpDevice.model_validate({"name": "d", "station": "field-1", "kind": "ecowitt", "payload": "ecowitt",
                                      "identity": "0123456789ABCDEF0123456789ABCDEF"})  # fmt: skip
    device = Messenger(unit, HTTP["ecowitt"], ZONE, unit.identity)
    first = taken(device, "/", ECOWITT % b"10.000")
    assert first["air_temperature"] == (8.77777777778, ms("2026-07-01T04:59:57+00:00"))
    assert "precipitation" not in first
    later = (ECOWITT % b"10.020").replace(b"04:59:57", b"05:00:57")
    assert taken(device, "/", later)["precipitation"][0] == pytest.approx(0.508)
    assert "precipitation" not in taken(device, "/", later)  # the same report again


LIES = [b"", b"not json", b"[1, 2]", b'"text"', b"{", b'{"Time": "yesterday", "AM2301": {"Temperature": 1}}',
        b'{"Time": 1e400, "AM2301": {"Temperature": 1}}', b"[" * 100_000]  # fmt: skip


@pytest.mark.parametrize("payload", LIES, ids=lambda payload: payload[:12].decode())
def test_messages_that_are_none_are_counted(payload):
    device = messenger("tasmota", "tasmota-climate")
    readings = device.take("tele/x/SENSOR", payload, NOW)
    assert not readings
    assert device.errors == 1 or readings == []


@pytest.mark.parametrize("value", ["NaN", "inf", True, None, [], {}, "many", "1e999"])
def test_values_that_are_no_numbers_are_no_readings(value):
    device = messenger("tasmota", "tasmota-climate")
    assert taken(device, "tele/x/SENSOR", {"AM2301": {"Temperature": value, "Humidity": 50}}) == {
        "relative_humidity": (50.0, int(NOW.timestamp() * 1000))
    }


def test_a_time_ahead_is_refused():
    device = messenger("zigbee2mqtt", "zigbee-soil")
    assert taken(device, "zigbee2mqtt/g", {"soil_moisture": 3, "last_seen": "2031-01-01T00:00:00Z"}) is None
    assert "ahead" in device.last_error


@pytest.mark.parametrize("seen", ["1970-01-01T00:02:12", "0001-01-01T00:00:00Z", "0", 0, "2000-01-01T00:00:00Z"])
def test_a_device_that_does_not_know_the_time_yet_gets_that_of_its_message(seen):
    device = messenger("json", time="Time", field=[{"paths": ["t"], "quantity": "air_temperature"}])
    assert taken(device, "x", {"Time": seen, "t": 20.5}) == {"air_temperature": (20.5, ms(NOW.isoformat()))}


@pytest.mark.parametrize("seen", ["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-07:00", 1e300, -1e300])
def test_times_beyond_all_calendars_are_counted_errors(seen):
    device = messenger("json", time="Time", field=[{"paths": ["t"], "quantity": "air_temperature"}])
    assert taken(device, "x", {"Time": seen, "t": 20.5}) is None
    assert device.errors == 1


def test_an_identity_is_known_however_its_letters_are_written():
    device = messenger("chirpstack", "milesight-em500-smtc", identity="24E124126A148401")
    assert taken(device, "application/a/device/24e124126a148401/event/up", CHIRPSTACK)


def test_a_good_message_ends_the_complaint():
    device = messenger("tasmota", "tasmota-climate")
    assert taken(device, "tele/x/SENSOR", b"{") is None
    assert device.last_error
    assert taken(device, "tele/x/SENSOR", {"AM2301": {"Humidity": 50}})
    assert (device.errors, device.last_error) == (1, "")


def test_a_gauge_that_falls_silent_brings_no_rain_of_another_gauge():
    """A console with two gauges leaves out the one that it does not hear; their totals have nothing to do with each other."""
    unit = HttpDevice.model_validate({"name": "d", "station": "yard", "kind": "ecowitt", "payload": "ecowitt",
                                      "identity": "0123456789"})  # fmt: skip
    device = Messenger(unit, HTTP["ecowitt"], ZONE, "0123456789")

    def rain(minute, **said):
        form = "&".join(f"{key}={value}" for key, value in {"PASSKEY": "0123456789", **said}.items())
        time = NOW.replace(minute=minute)
        return [item.value for item in device.take("", form.encode(), time) if item.quantity == "precipitation"]

    assert rain(0, train_piezo="12.00", totalrainin="50.00") == []
    assert rain(1, train_piezo="12.10", totalrainin="50.10") == [2.54]
    assert rain(2, totalrainin="50.20") == []
    assert rain(3, totalrainin="50.30") == [2.54]
    assert rain(4, train_piezo="12.40", totalrainin="50.40") == []
    assert rain(5, train_piezo="12.50") == [2.54]


def test_a_number_that_no_unit_can_hold_is_no_reading():
    device = messenger("json", field=[{"paths": ["x"], "quantity": "illuminance", "unit": "klx"},
                                      {"paths": ["t"], "quantity": "air_temperature"}])  # fmt: skip
    assert set(taken(device, "x", {"x": 1e308, "t": 20.5})) == {"air_temperature"}


def test_a_message_that_is_ahead_of_a_gateway_without_the_time_is_kept():
    """After a power cut the gateway's clock stands at its last shutdown, days behind the network server's."""
    device = messenger("chirpstack", "milesight-em500-smtc")
    early = datetime(2026, 6, 20, tzinfo=UTC)
    readings = device.take("t", json.dumps(CHIRPSTACK).encode(), early, 90_000, "start-7")
    assert len(readings) == 4
    assert {item.time for item in readings} == {90_000}


WORDS = st.sampled_from(["object", "time", "Time", "last_seen", "uplink_message", "received_at", "decoded_payload",
                         "deviceInfo", "devEui", "temperature", "TempUnit", "AM2301", "F", "dateutc", "tempf", "t"])  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | WORDS | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)
MESSAGES = st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize("kind", MQTT)
@given(message=MESSAGES, topic=st.sampled_from(["a/b/c/d", "", "x", "zigbee2mqtt/x"]), clock=st.sampled_from(["", "s"]))
def test_no_message_whatever_ends_the_gateway(kind, message, topic, clock):
    """What is not understood is counted; what is understood can be sent."""
    fields = [{"paths": ["temperature", "t", "c"], "quantity": "illuminance", "unit": "klx"},
              {"paths": ["tempf", "AM2301.t"], "quantity": "precipitation", "unit": "in", "counter": True}]  # fmt: skip
    device = messenger(kind, field=fields, **({"time": "time"} if kind == "json" else {}))
    for _ in range(2):
        readings = device.take(topic, message, NOW, 1000, clock)
        if readings:
            assert encode(readings)
        else:
            assert readings == [] or device.errors


@pytest.mark.parametrize("model", payload_shelf().values(), ids=lambda model: model.name)
def test_payload_models(model: PayloadModel):
    assert model.examples
    assert model.sources
    for example in model.examples:
        values = {
            item.name: item.value(raw) for item, raw, _ in found(model.fields, example.message) if not item.counter
        }
        assert values == pytest.approx(example.readings)


def test_a_message_error_is_never_worth_another_try():
    assert issubclass(MessageError, ValueError)


@pytest.mark.parametrize(
    ("kind", "more", "message", "age"),
    [
        ("zigbee2mqtt", {}, {"temperature": 38.5}, None),  # it repeats what it last heard when it starts
        ("zigbee2mqtt", {"arrival": True}, {"temperature": 38.5}, 0.0),
        ("zigbee2mqtt", {}, {"temperature": 38.5, "last_seen": "2026-06-28T05:00:00Z"}, 3 * 86_400.0),
        ("zigbee2mqtt", {}, {"temperature": 38.5, "last_seen": "1970-01-01T00:00:10Z"}, None),
        ("json", {}, {"temperature": 38.5}, 0.0),
        ("json", {"time": "at"}, {"temperature": 38.5}, None),
        ("json", {"time": "at"}, {"temperature": 38.5, "at": "2026-07-01T04:59:50Z"}, 10.0),
    ],
)
def test_how_old_a_message_is(kind, more, message, age):
    device = messenger(kind, "zigbee-climate", **more)
    now = datetime(2026, 7, 1, 5, tzinfo=UTC)
    assert device.take("zigbee2mqtt/barn", json.dumps(message).encode(), now)
    assert device.age == age
    device.take("zigbee2mqtt/barn", json.dumps(message).encode(), now, 1000, "start")  # the gateway has no time
    assert device.age == (0.0 if age == 0.0 else None)
