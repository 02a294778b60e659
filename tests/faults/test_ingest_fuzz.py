"""F20, F21, F30: the way of a payload into rows, fuzzed by hypothesis and, guided by coverage, by atheris."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.accept import accept
from telemetry import wire
from telemetry.pack import CBOR, JSON
from tests.faults.poison import SEEDS
from tests.faults.table import note

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
SECONDS = int(os.environ.get("NONGVU_FUZZ_SECONDS", "60"))


def test_atheris_finds_nothing():
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: it has wheels for Linux on x86-64 only")
    command = [sys.executable, str(Path(__file__).with_name("fuzz_accept.py")), str(SECONDS), "30"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
                          errors="replace", timeout=SECONDS + 120)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    runs = int(re.findall(r"Done (\d+) runs", done.stderr)[-1])
    covered = re.findall(r"cov: (\d+)", done.stderr)[-1]
    assert runs > 1000
    note("F30", "payloads fuzzed (atheris)", f"{SECONDS} s guided by coverage, from {len(SEEDS)} seeds", runs=runs,
         branches=covered, failures=0)  # fmt: skip


LABELS = st.one_of(st.sampled_from([*wire.LABELS, *wire.LABELS.values()]), st.integers(-10, 30), st.text(max_size=4))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.binary(max_size=30),
              st.sampled_from(["urn:nongvu:s:", "air_temperature", "urn:nongvu:other:air_temperature", "Cel", 1.7e9])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=5,
)  # fmt: skip
RECORDS = st.lists(st.one_of(st.dictionaries(LABELS, VALUES, max_size=6), VALUES), max_size=8)


def test_hypothesis_finds_nothing():
    from tests.faults.fuzz_world import DIRECTORY, WINDOW

    tried = 0

    @settings(max_examples=3000, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(
        st.one_of(st.binary(max_size=200), RECORDS.map(cbor2.dumps), VALUES.map(cbor2.dumps)),
        st.sampled_from([CBOR, JSON]),
    )
    def every_record_is_stored_or_set_aside_once(payload, content_type):
        nonlocal tried
        tried += 1
        found = accept(payload, content_type, "g", DIRECTORY, WINDOW)
        assert set(found.rows["datastream"].tolist()) <= {1, 2, 3}
        assert len({aside.record for aside in found.asides}) == len(found.asides)
        assert not {aside.record for aside in found.asides} & set(found.rows["record"].tolist())

    every_record_is_stored_or_set_aside_once()
    note(
        "F30",
        "payloads fuzzed (hypothesis)",
        "records and values of every kind, CBOR and JSON",
        cases=tried,
        failures=0,
    )
