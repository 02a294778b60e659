"""Takes off what makers of networks and firmware put around a sensor's values; pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from edge.payload import Message, MessageError, as_number, at

#: Takes a message apart: topic, payload and the site's time zone.
Unpack = Callable[[str, bytes, ZoneInfo], Message]


def chirpstack(_: str, payload: bytes, __: ZoneInfo) -> Message:
    """ChirpStack v4, ``application/<id>/device/<devEui>/event/up``: the UplinkEvent as JSON."""
    event = _object(payload)
    values = event.get("object")
    if not isinstance(values, Mapping):
        raise MessageError("no decoded 'object': set a codec in ChirpStack's device profile")
    return Message(_iso(event.get("time")), values, str(at(event, "deviceInfo.devEui") or "").lower())


def things_stack(_: str, payload: bytes, __: ZoneInfo) -> Message:
    """The Things Stack v3, ``v3/<application>/devices/<device>/up``."""
    event = _object(payload)
    values = at(event, "uplink_message.decoded_payload")
    if not isinstance(values, Mapping):
        raise MessageError("no 'decoded_payload': set a payload formatter in The Things Stack")
    # the network server's time; that of the radio gateway (settings.time) is only as right as its clock
    time = at(event, "uplink_message.received_at")
    identity = at(event, "end_device_ids.dev_eui") or at(event, "end_device_ids.device_id") or ""
    return Message(_iso(time or event.get("received_at")), values, str(identity).lower())


def zigbee2mqtt(topic: str, payload: bytes, __: ZoneInfo) -> Message:
    """Zigbee2MQTT, ``zigbee2mqtt/<friendly name>``; time only where ``last_seen`` is switched on."""
    values = _object(payload)
    seen = values.get("last_seen")
    time = _epoch(seen) if isinstance(seen, int | float) else _iso(seen)
    return Message(time, values, topic.partition("/")[2])


def tasmota(topic: str, payload: bytes, zone: ZoneInfo) -> Message:
    """Tasmota, ``tele/<device>/SENSOR``: local time without an offset, temperatures in the unit that it names."""
    values = _object(payload)
    if values.get("TempUnit") == "F":
        values = _celsius(values)
    parts = topic.split("/")
    return Message(_iso(values.get("Time"), zone), values, parts[1] if len(parts) > 1 else "")


def esphome(topic: str, payload: bytes, __: ZoneInfo) -> Message:
    """ESPHome, ``<node>/sensor/<object id>/state``: one number as text, ``nan`` where the sensor failed."""
    parts = topic.split("/")
    if len(parts) < 4:
        raise MessageError(f"{topic!r} is not <node>/sensor/<object id>/state")
    return Message(None, {parts[-2]: payload.decode("ascii", "replace").strip()}, "/".join(parts[:-3]))


def plain(_: str, payload: bytes, __: ZoneInfo) -> Message:
    """Any JSON object; the gateway's file says where its time stands."""
    return Message(None, _object(payload))


def ecowitt(_: str, payload: bytes, __: ZoneInfo) -> Message:
    """Ecowitt protocol: a form; its time is UTC; PASSKEY says who sends."""
    values = dict(parse_qsl(payload.decode("utf-8", "replace"), max_num_fields=400))
    return Message(_utc(values.get("dateutc")), values, values.get("PASSKEY", ""))


def wunderground(_: str, payload: bytes, __: ZoneInfo) -> Message:
    """Weather Underground protocol: the query of a GET request; ID says who sends."""
    values = dict(parse_qsl(payload.decode("utf-8", "replace"), max_num_fields=400))
    return Message(_utc(values.get("dateutc")), values, values.get("ID", ""))


MQTT: dict[str, Unpack] = {
    "chirpstack": chirpstack, "things_stack": things_stack, "zigbee2mqtt": zigbee2mqtt, "tasmota": tasmota,
    "esphome": esphome, "json": plain,
}  # fmt: skip
HTTP: dict[str, Unpack] = {"ecowitt": ecowitt, "wunderground": wunderground}


def time_at(values: Mapping[str, Any], path: str, zone: ZoneInfo) -> datetime | None:
    """Time that a plain JSON message bears at a path: ISO 8601, or seconds or milliseconds since 1970."""
    raw = at(values, path)
    number = as_number(raw)
    return _epoch(number) if number is not None else _iso(raw, zone)


def _object(payload: bytes) -> dict[str, Any]:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"not JSON: {str(error)[:80]}") from error
    if not isinstance(found, dict):
        raise MessageError(f"not a JSON object but {type(found).__name__}")
    return found


def _iso(text: Any, zone: ZoneInfo | None = None) -> datetime | None:
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise MessageError(f"no time: {str(text)[:40]}")
    try:
        moment = datetime.fromisoformat(_microseconds(text))
        if moment.tzinfo is None:
            if zone is None:
                raise MessageError(f"time without an offset: {text[:40]!r}")
            moment = moment.replace(tzinfo=zone)
        return moment.astimezone(UTC)
    except MessageError:
        raise
    except (ValueError, OverflowError) as error:  # OverflowError: the year 1 or 9999, east or west of Greenwich
        raise MessageError(f"no time: {text[:40]!r}") from error


def _microseconds(text: str) -> str:
    # network servers send nanoseconds, which Python does not read
    head, dot, rest = text.partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return f"{head}{dot}{rest[:digits][:6]}{rest[digits:]}" if dot else text


def _epoch(number: float) -> datetime:
    seconds = number / 1000 if abs(number) > 1e11 else number
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise MessageError(f"no time: {number}") from error


def _utc(text: Any) -> datetime | None:
    if not isinstance(text, str) or text in ("", "now"):
        return None
    return _iso(text.replace("+", " "), ZoneInfo("UTC"))


def _celsius(values: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for key, value in values.items():
        number = as_number(value)
        if isinstance(value, dict):
            changed[key] = _celsius(value)
        elif number is not None and key in ("Temperature", "DewPoint"):
            changed[key] = (number - 32) * 5 / 9
        else:
            changed[key] = value
    return changed
