"""The places, gateways and people of the demo, as an operator would have entered them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from notify.people import subscriber
from notify.people.subscriber import Person
from standalone.field.record import STATIONS, Station
from store import gateway as gateways
from store import place as places

PROVINCE = "demo-2013"
TIME_ZONE = "America/New_York"
COMMUNES = {
    "newark": "Newark, New Jersey",
    "queens": "Queens, New York",
    "greensboro": "Greensboro, North Carolina",
}
#: Nobody's telephones: +1-NXX-555-0100 to -0199 are set aside for fiction (North American Numbering Plan).
PEOPLE: Sequence[Mapping[str, Any]] = (
    {"address": "+12125550100", "name": "Bà Nga", "places": ("newark",), "language": "vi"},
    {"address": "+12125550101", "name": "Ông Lộc", "places": ("queens",), "language": "vi", "accents": False},
    {"address": "+12125550102", "name": "Jo", "places": ("queens",), "language": "en",
     "quiet_from": "21:00", "quiet_to": "05:00"},
    {"address": "+12125550103", "name": "Lee", "places": ("greensboro",), "language": "en"},
    {"address": "+12125550104", "name": "Cán bộ tỉnh", "places": (PROVINCE,), "language": "vi", "audience": "officer",
     "daily_cap": 100, "hazards": ("cold", "frost", "heat", "rain", "network")},
)  # fmt: skip
#: Said on top of every page of the demo.
NOTICE_VI = (
    "Trình diễn: phát lại thời tiết thật đã đo tại ba sân bay New York năm 2013 và năm điển hình TMY3 của Greensboro; "
    "tiêu chí cảnh báo của Việt Nam được áp dụng trên bản ghi nước ngoài."
)
NOTICE_EN = (
    "Demo: weather really recorded at three New York airports in 2013, and Greensboro's typical year (TMY3), "
    "is being replayed; Vietnamese warning criteria are shown on a foreign record."
)
#: Seconds between two readings of a station: the records are hourly.
INTERVAL = 3600
#: The longest hole in the records is five hours: what a rain counter gained meanwhile is still one reading.
COUNTER_GAP = 86_400


def chosen(codes: Sequence[str]) -> list[Station]:
    """Stations by code, all of them where none is named; `ValueError` names the strange ones."""
    strange = [code for code in codes if code not in STATIONS]
    if strange:
        message = f"there is no record of {', '.join(strange)}: choose of {', '.join(STATIONS)}"
        raise ValueError(message)
    return [station for code, station in STATIONS.items() if not codes or code in codes]


def enter(url: str, stations: Sequence[Station], start: datetime) -> None:
    """Enter province, communes, stations, gateways and people, as of `start`."""
    with psycopg.connect(url) as connection:
        properties = {"record": "foreign", "says": {"vi": NOTICE_VI, "en": NOTICE_EN}}
        places.add(
            connection,
            places.Place(PROVINCE, "province", "Bản ghi nước ngoài (2013)", time_zone=TIME_ZONE, properties=properties),
        )
        for code in dict.fromkeys(station.commune for station in stations):
            places.add(connection, places.Place(code, "commune", COMMUNES[code], PROVINCE, time_zone=TIME_ZONE))
        for code in dict.fromkeys(station.gateway for station in stations):
            gateways.add(connection, code, f"Máy thu trình diễn {code}")
        for station in stations:
            places.add(connection, _place(station))
            gateways.give(connection, station.gateway, station.code, start)
        there = {PROVINCE, *(station.commune for station in stations)}
        for given in PEOPLE:
            if there.issuperset(given["places"]):
                person = Person(**given, time_zone=TIME_ZONE, consent_channel="demo")
                subscriber.add(connection, person, start, "demo")


def _place(station: Station) -> places.Place:
    return places.Place(
        station.code, "station", station.name, station.commune, station.longitude, station.latitude,
        station.elevation, TIME_ZONE, None, {"record": "foreign", "says": dict(station.says)},
    )  # fmt: skip


def gateway_file(
    code: str, stations: Sequence[Station], ports: Mapping[str, int], broker: str, password: Path, buffer: Path
) -> str:
    """TOML file of a gateway that polls its stations' Modbus servers."""
    lines = [
        "[gateway]", f'code = "{code}"', f'time_zone = "{TIME_ZONE}"', "",
        "[broker]", f'url = "{broker}"', f'password_file = "{password}"', "resend = 2.0", "",
        "[buffer]", f'path = "{buffer}"', "",
    ]  # fmt: skip
    for station in stations:
        if station.gateway == code:
            lines += [
                "[[bus]]", f'name = "line-{station.code}"', 'kind = "modbus_tcp"', 'host = "127.0.0.1"',
                f"port = {ports[station.code]}", "", "[[bus.unit]]", f'name = "mast-{station.code}"',
                f'station = "{station.code}"', 'model = "lufft-ws"', "unit = 1", f"interval = {INTERVAL}",
                f"counter_gap = {COUNTER_GAP}", "",
            ]  # fmt: skip
    return "\n".join(lines)
