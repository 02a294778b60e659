"""Payloads that must be set aside, of every kind that is known; the fuzzer starts from them and from good ones."""

import json

import cbor2

from telemetry import wire
from telemetry.pack import CBOR, JSON
from telemetry.reading import Reading


def payloads(station):
    """Payloads of which something must be set aside, each with its content type."""
    base = {"bn": f"urn:nongvu:{station}:", "bt": 1.79e9, "n": "air_temperature", "u": "Cel"}
    number = {-2: base["bn"], -3: 1.79e9, 0: "air_temperature", 1: "Cel"}
    return [
        (b"not senml", JSON), (b"\xff\xfe\x00", CBOR), (b"", CBOR), (b"[]", JSON), (b"{}", JSON), (b"null", JSON),
        (json.dumps([base | {"v": float("nan")}]).encode(), JSON), (json.dumps([base]).encode()[:-2] + b',"v":1e400}]', JSON),
        (json.dumps([base | {"v": "7"}]).encode(), JSON), (json.dumps([base | {"n": "\x00", "v": 1}]).encode(), JSON),
        (b'[{"n":"\xed\xa0\x80","u":"Cel","v":1}]', JSON), (b'[{"n":"\\ud800","u":"Cel","v":1,"bt":1790000000}]', JSON),
        (json.dumps([base | {"n": "no_such_sensor", "v": 1}]).encode(), JSON), (b"[" * 100_000, JSON),
        (json.dumps([base | {"bn": "urn:nongvu:somebody-else:", "v": 1}]).encode(), JSON), (b" " * 300_000, JSON),
        (cbor2.dumps([number | {2: 1 << 1000}]), CBOR), (b"\xc4\x82\x1a\x3b\x9a\xca\x00\x01", CBOR), (b"\x81" * 5000, CBOR),
        (cbor2.dumps([number | {2: 1.0, -3: 0.0}]), CBOR), (cbor2.dumps([number | {2: 1.0, -3: 4.1e9}]), CBOR),
        (b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", CBOR), (b"\xd8\x1d\x00", CBOR), (b"\xd8\x23\x63(a+", CBOR),
    ]  # fmt: skip


GOOD = [
    Reading("s", quantity, 1_700_000_000_000 + n * 60_000, 1.5 * n, level)
    for n in range(3)
    for quantity, level in (("air_temperature", ""), ("dew_point", ""), ("soil_moisture", "-0.30m"))
]
SEEDS = [(wire.encode(GOOD, kind), kind) for kind in (CBOR, JSON)]
SEEDS += [(payload, kind) for payload, kind in payloads("s") if len(payload) < 4096]
