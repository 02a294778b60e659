"""F29: what sensors do when they go wrong, combined at random: analytics flags it or has no value, and never falls over."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.quality.check import change_limit
from telemetry.quantities import QUANTITIES
from tests.faults import spoilt
from tests.faults.table import note

pytestmark = pytest.mark.faults
EXAMPLES = 300
#: Faults that a check must see by itself in the midst of a good series, with what sees them.
SEEN = {"spike": "spike", "stuck": "persistence", "shift": "step"}


def test_nan_gaps_stuck_values_and_spikes():
    counts = dict.fromkeys(("values", "flagged steps", "days without a value"), 0)

    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.integers(0, 20), st.lists(spoilt.SPOIL, min_size=1, max_size=6))
    def run(seed, faults):
        series = spoilt.good(seed)
        for fault in faults:
            spoilt.spoil(series, *fault)
        made, found, clean, thought, trails = spoilt.understood(series)
        for name in spoilt.NAMES:
            flags = np.array([spoilt.doubted(found, name, reason) for (of, reason) in found if of == name])
            gone = flags.any(axis=0) if flags.size else np.zeros(spoilt.STEPS, bool)
            # a doubted value is none for the indices; the raw one is as it came
            assert not np.isfinite(clean.series(name)[0, gone]).any()
            if name != "wind_direction":  # a vector: 360° comes back as 0°
                assert np.array_equal(made.window.series(name)[0], series[name], equal_nan=True)
            counts["flagged steps"] += int(gone.sum())
        for name, result in thought.frames[0][0].window.values.items():
            assert not np.isinf(result.value).any(), name
            assert ((result.completeness >= 0) & (result.completeness <= 1)).all(), name
            counts["values"] += int(np.isfinite(result.value).sum())
            counts["days without a value"] += int(np.isnan(result.value[:, -1]).sum())
        for trail in trails.values():
            assert all(run.end > run.begin for run in trail.runs)

    run()
    assert min(counts.values()) > 1000
    note("F29", "NaN, gaps, stuck values, spikes, noise, limits and shifts in analytics",
         f"hypothesis, {EXAMPLES} weeks of {len(spoilt.NAMES)} quantities, up to six faults each",
         exceptions=0, warnings=0, doubted_values_used=0, **{k.replace(" ", "_"): n for k, n in counts.items()})  # fmt: skip


def jumps():
    """Quantities of which half of what they can be is more than a change of ten minutes may be."""
    for name in spoilt.NAMES:
        row = QUANTITIES[name]
        if row.step is not None and 1.2 * change_limit(name, 600)[0] < (row.maximum - row.minimum) / 2:
            yield name


@pytest.mark.parametrize("name", list(jumps()))
@pytest.mark.parametrize("kind", ["spike", "shift"])
def test_a_jump_is_always_seen(kind, name):
    """Half of what the quantity can be, at any hour."""
    for begin in range(10, spoilt.STEPS - 10, 37):
        series = spoilt.good(3)
        size = 0.5 if series[name].mean() < (QUANTITIES[name].minimum + QUANTITIES[name].maximum) / 2 else -0.5
        spoilt.spoil(series, kind, name, begin, 60, size)
        _, found, *_ = spoilt.understood(series)
        assert spoilt.doubted(found, name, SEEN[kind])[begin], begin


@pytest.mark.parametrize("name", [n for n in spoilt.NAMES if QUANTITIES[n].persistence is not None])
def test_a_stuck_sensor_is_always_seen(name):
    series = spoilt.good(3)
    series[name][200:400] = np.nanmedian(series[name])
    _, found, clean, *_ = spoilt.understood(series)
    assert spoilt.doubted(found, name, "persistence")[210:390].all()
    assert np.isnan(clean.series(name)[0, 210:390]).all()


def test_a_good_week_is_not_doubted():
    _, found, *_ = spoilt.understood(spoilt.good(3))
    doubts = {key: int(spoilt.doubted(found, *key).sum()) for key in found}
    assert {key: n for key, n in doubts.items() if n} == {}
