"""Fuzzes the way of a payload into rows with atheris, guided by coverage; run by itself (test_ingest_fuzz starts it).

``python fuzz_accept.py <seconds> <seed>`` ends with 0 where nothing was raised that is not meant to be.
"""

import sys

import atheris

with atheris.instrument_imports(include=["telemetry", "ingest"]):
    from ingest.pack import Addressed, Delivery, open_packs, receipts
    from telemetry.pack import CBOR, JSON, Label, Stream

import datetime as dt

from tests.faults.fuzz_world import DIRECTORY, WINDOW
from tests.faults.poison import SEEDS

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LABEL = Label("b", Stream.LIVE, 1).properties()


def one(data):
    """Whatever comes, every record is a row or set aside, and there is a receipt where there is a label."""
    content_type = CBOR if data[:1] < b"\x80" else JSON
    properties = LABEL if data[:1] and data[0] & 1 else []
    delivery = Delivery("nongvu/v1/00/g/live", data[1:], content_type, properties, 1, 1)
    (pack,) = open_packs([Addressed(delivery, "g", Stream.LIVE)], DIRECTORY, WINDOW, NOW)
    accepted = pack.accepted
    assert set(accepted.rows["datastream"].tolist()) <= {1, 2, 3}, "a foreign station's datastream"
    assert len({aside.record for aside in accepted.asides}) == len(accepted.asides), "two reasons for one record"
    for aside in accepted.asides:
        assert "\0" not in aside.detail
        aside.detail.encode()
    assert len(receipts([pack])) == (pack.label is not None)


if __name__ == "__main__":
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as corpus:
        for number, (payload, kind) in enumerate(SEEDS):
            Path(corpus, str(number)).write_bytes((b"\x01" if kind == CBOR else b"\x81") + payload)
        options = [
            f"-max_total_time={sys.argv[1]}",
            f"-seed={sys.argv[2]}",
            "-timeout=5",
            "-rss_limit_mb=2048",
            "-max_len=4096",
        ]
        atheris.Setup([sys.argv[0], corpus, *options], one)
        atheris.Fuzz()
