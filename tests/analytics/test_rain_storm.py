"""Rain judged bucket by bucket for a whole province at once: what it comes to one by one, at a fraction of the time."""

import time

import numpy as np
import pytest

from analytics.quality import bucket
from analytics.quality.finding import GOOD, NOT_EVALUATED, SUSPECT
from telemetry.quantities import record_rain


def storm(seed):
    """Rain, largest readings, humidity, rain beside, declared intervals and step of a few random stations."""
    chance = np.random.default_rng(seed)
    shape, step = (int(chance.integers(1, 5)), int(chance.integers(1, 160))), int(chance.choice([300, 600, 900, 3600]))
    rain = np.where(chance.random(shape) < chance.random(), chance.gamma(0.5, chance.choice([1, 10, 60]), shape), 0.0)
    if chance.random() < 0.5:
        rain = np.round(rain / 5) * 5  # runs of equal amounts
    rain[chance.random(shape) < chance.random() * chance.random()] = np.nan
    humidity = chance.uniform(50, 100, shape)
    humidity[chance.random(shape) < 0.3] = np.nan
    declared = np.where(chance.random(shape[0]) < 0.5, chance.choice([60.0, 600.0, 3600.0]), np.nan)
    beside = np.where(chance.random(shape) < 0.2, chance.gamma(1, 3, shape), 0.0)
    return rain, np.where(chance.random(shape) < 0.5, rain, 0.7 * rain), humidity, beside, declared, step


@pytest.mark.parametrize("seed", range(40))
def test_all_at_once_is_what_comes_of_one_after_the_other(seed):
    rain, largest, humidity, beside, declared, step = storm(seed)
    period = bucket.periods(np.isfinite(rain), step, declared)
    found = bucket.large_buckets(rain, largest, period, step, beside)
    flags = np.full(rain.shape, NOT_EVALUATED)
    large = np.argwhere(largest > bucket.LARGE * record_rain(period))
    assert np.array_equal(np.stack((found.row, found.step), axis=1), large)
    for k, (i, j) in enumerate(large.tolist()):
        reach, amount = int(max(3600, period[i, j])) // step, largest[i, j]
        earlier, later = range(max(j - reach, 0), j), range(j + 1, min(j + 1 + reach, rain.shape[1]))
        own = max(rain[i, j] - amount, 0.0)
        before = sum(np.nan_to_num(rain[i, n]) + beside[i, n] for n in earlier) + own + beside[i, j]
        after = sum(np.nan_to_num(rain[i, n]) + beside[i, n] for n in later)
        assert (found.before[k], found.after[k]) == pytest.approx((before, after))
        read = [any(np.isfinite(rain[i, n]) for n in side) for side in (earlier, later)]
        assert found.between[k] == all(read)
        if all(read) and period[i, j] <= 3 * 3600:
            near = 3600 // step
            damp = [humidity[i, n] for n in range(max(j - near, 0), j) if np.isfinite(humidity[i, n])]
            then = [humidity[i, n] for n in range(j, min(j + near + 1, rain.shape[1])) if np.isfinite(humidity[i, n])]
            rose = bool(damp and then) and max(then) >= max(80.0, min(damp) + 5.0)
            lone = before + after <= max(0.4, 0.01 * amount) and amount > bucket.ALONE * record_rain(period[i, j])
            flags[i, j] = SUSPECT if lone and not rose else GOOD
    assert np.array_equal(bucket.alone(rain.shape, found, humidity, step), flags)


def test_a_storm_over_the_whole_province_is_judged_in_no_time():
    """200 stations with large buckets for six days: what comes in a storm must not wait for a loop over buckets."""
    chance = np.random.default_rng(7)
    rain, humidity = chance.uniform(0, 80, (200, 864)), chance.uniform(50, 100, (200, 864))
    period = bucket.periods(np.isfinite(rain), 600, np.full(200, 600.0))
    begin = time.process_time()
    found = bucket.large_buckets(rain, rain, period, 600)
    bucket.alone(rain.shape, found, humidity, 600)
    bucket.stuck(rain, period, 600)
    assert found.row.size > 100_000
    assert time.process_time() - begin < 1.0  # 0.1 measured; bucket by bucket it took 4.3
