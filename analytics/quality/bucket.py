"""Rain bucket by bucket: how much one can hold, which rest on themselves alone, and which are a gauge gone wrong.

A tipping bucket errs alone: a jolt, a bird, a reed that bounces make one amount that nothing before or after it shares.
Rain that does harm comes in several. So a large bucket is *borne out* by rain beside it (before, after, in a second
gauge) or by a person's word; until then it may be told, as what it is, but it opens no level of heavy rain.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.grid import HOUR, Array, Values
from analytics.quality.finding import FAIL, GOOD, MISSING, NOT_EVALUATED, SUSPECT, Flags
from telemetry.quantities import RAIN_SHARE, record_rain

#: Share of the world's record for its length above which a bucket has to be borne out: 11 mm in 10 minutes, 25 an hour.
LARGE = 0.06
#: Share from which one that stands alone in dry hours is an error: 18 mm in 10 minutes, 42 in an hour.
ALONE = 0.10
#: Share above which rain that never varies is soon a fault: 2 mm in 10 minutes, 4 in an hour.
MUCH = 0.01
#: For so long it is believed [s].
BELIEVED = 1.5 * HOUR
#: Rain beside it, as a share of the bucket, that bears it out.
BESIDE = 0.05
#: What dry neighbours may show: a tip or two [mm].
TIPS = 0.4
#: A longer bucket is no bucket but a day's rain, made of many: one beside it proves nothing [s].
LONG = 3 * HOUR
#: A bucket collects for a day at most [s].
DAY = 86_400


class Buckets(NamedTuple):
    """The large buckets of a batch, in order of row and step; every array is (buckets,)."""

    row: NDArray[np.int64]
    step: NDArray[np.int64]
    #: What the bucket held [mm], and for how long it may have collected [s].
    amount: Array
    period: Array
    #: Rain beside it, before and after [mm].
    before: Array
    after: Array
    #: Something was read before and after it.
    between: NDArray[np.bool_]

    @property
    def borne(self) -> NDArray[np.bool_]:
        """Rain before or after bears it out."""
        return np.asarray(self.before + self.after >= BESIDE * self.amount)

    @property
    def sudden(self) -> NDArray[np.bool_]:
        """Nothing before bears it out: all that is known when it comes."""
        return np.asarray(self.before < BESIDE * self.amount)


def periods(present: NDArray[np.bool_], step: int, declared: Values = np.nan) -> Array:
    """For how long the rain of each step may have been collected.

    Parameters
    ----------
    present : (places, steps) bool array
        Where rain was read [1].
    step : int
        Length of a step [s].
    declared : (places,) array
        Between readings as the station was born; NaN where nobody said [s].

    Returns
    -------
    (places, steps) array
        Time since the reading before, at most a day and at most three declared intervals; a declared interval shorter
        than a step is taken as it is [s].

    References
    ----------
    Own rule: after a gap the first value may hold the rain of the gap.
    """
    steps = np.arange(present.shape[1])
    last = np.maximum.accumulate(np.where(present, steps, -DAY), axis=1)
    gap = np.full(present.shape, float(DAY))
    gap[:, 1:] = np.minimum((steps[1:] - last[:, :-1]) * float(step), DAY)
    said = np.broadcast_to(np.asarray(declared, dtype=np.float64), present.shape[:1])[:, None]
    gap = np.where(said > 0, np.minimum(gap, np.maximum(3.0 * said, step)), gap)
    return np.asarray(np.where(said < step, np.where(gap <= step, said, gap), gap))


def within_records(largest: Values, period: Values) -> Flags:
    """Whether a bucket holds no more than was ever measured in its time.

    Parameters
    ----------
    largest : (..., steps) array
        Largest reading of each step, NaN where missing [mm].
    period : (..., steps) array
        Time it collected for [s].

    Returns
    -------
    (..., steps) uint8 array
        QARTOD flags: failed beyond the world's records, suspect beyond `RAIN_SHARE` of them [1].

    References
    ----------
    See `telemetry.quantities.record_rain`; IOOS QARTOD, gross range test.
    """
    largest, record = np.asarray(largest, dtype=np.float64), record_rain(period)
    flags = np.full(largest.shape, GOOD, dtype=np.uint8)
    flags[largest > RAIN_SHARE * record] = SUSPECT
    flags[largest > record] = FAIL
    flags[np.isnan(largest)] = MISSING
    return flags


def large_buckets(total: Values, largest: Values, period: Values, step: int, beside: Values | None = None) -> Buckets:
    """The buckets that have to be borne out, with the rain beside them.

    Parameters
    ----------
    total : (places, steps) array
        Rain of each step, NaN where missing [mm].
    largest : (places, steps) array
        Largest reading of each step, NaN where missing [mm].
    period : (places, steps) array
        Time that a reading collected for [s].
    step : int
        Length of a step [s].
    beside : (places, steps) array
        Rain of further gauges at the place, 0 where there are none [mm].

    Returns
    -------
    Buckets
        Each with what fell within an hour of it, or within a bucket of its own length, before and after.

    References
    ----------
    IOOS QARTOD, spike test, for a quantity that is a sum and is skewed; the shares are our own choice.
    """
    largest = np.asarray(largest, dtype=np.float64)
    row, column = np.nonzero(largest > LARGE * record_rain(period))
    amount, length = largest[row, column], period[row, column]
    before, after = np.zeros(row.size), np.zeros(row.size)
    between = np.zeros(row.size, np.bool_)
    reach = np.maximum(HOUR, length).astype(np.int64) // step
    total = np.asarray(total, dtype=np.float64)
    for steps in np.unique(reach).tolist():
        mine = np.flatnonzero(reach == steps)
        i, j = row[mine], column[mine]
        earlier, later = _around(total, i, j, -steps, 0), _around(total, i, j, 1, steps + 1)
        own = np.fmax(total[i, j] - amount[mine], 0.0)  # other readings of the same step
        before[mine] = np.nansum(earlier, axis=1) + own
        after[mine] = np.nansum(later, axis=1)
        if beside is not None:
            other = np.asarray(beside, dtype=np.float64)
            before[mine] += np.nansum(_around(other, i, j, -steps, 1), axis=1)
            after[mine] += np.nansum(_around(other, i, j, 1, steps + 1), axis=1)
        between[mine] = np.isfinite(earlier).any(axis=1) & np.isfinite(later).any(axis=1)
    return Buckets(row, column, amount, length, before, after, between)


def _around(values: Array, row: NDArray[np.int64], step: NDArray[np.int64], first: int, end: int) -> Array:
    """(steps, end - first) values of a row's steps around each of some, NaN outside."""
    columns = step[:, None] + np.arange(first, end)
    inside = (columns >= 0) & (columns < values.shape[1])
    return np.where(inside, values[row[:, None], np.where(inside, columns, 0)], np.nan)


def alone(shape: tuple[int, int], buckets: Buckets, humidity: Values, step: int) -> Flags:
    """Whether a large bucket stands alone between dry ones.

    Parameters
    ----------
    shape : tuple of int
        Places and steps [1].
    buckets : Buckets
        The large ones.
    humidity : (places, steps) array
        Relative humidity, NaN where not measured [%].
    step : int
        Length of a step [s].

    Returns
    -------
    (places, steps) uint8 array
        QARTOD flags: suspect where the air did not grow damp with it either; not evaluated where there is no large
        bucket, while nothing was read after it, and where it collected for more than three hours [1].

    References
    ----------
    IOOS QARTOD, spike test; WMO-No. 1269 (2021), consistency of precipitation with humidity.
    """
    flags = np.full(shape, NOT_EVALUATED, dtype=np.uint8)
    judged = np.flatnonzero(buckets.between & (buckets.period <= LONG))
    row, column, amount = buckets.row[judged], buckets.step[judged], buckets.amount[judged]
    dry = buckets.before[judged] + buckets.after[judged] <= np.maximum(TIPS, 0.01 * amount)
    large = amount > ALONE * record_rain(buckets.period[judged])
    flags[row, column] = GOOD
    lone = dry & large
    row, column = row[lone], column[lone]
    flags[row, column] = np.where(
        _rose(np.asarray(humidity, dtype=np.float64), row, column, HOUR // step), GOOD, SUSPECT
    )
    return flags


def _rose(humidity: Array, row: NDArray[np.int64], step: NDArray[np.int64], near: int) -> NDArray[np.bool_]:
    """Whether the air grew damp at some steps: by 5 points, to 80 % or more; not where it was not measured."""
    before = np.fmin.reduce(_around(humidity, row, step, -near, 0), axis=1, initial=np.nan)
    after = np.fmax.reduce(_around(humidity, row, step, 0, near + 1), axis=1, initial=np.nan)
    return np.asarray(after >= np.maximum(80.0, before + 5.0))


def stuck(rain: Values, period: Values, step: int) -> Flags:
    """Whether a gauge tips by itself: the same amount again and again.

    Parameters
    ----------
    rain : (places, steps) array
        Rain of each step, NaN where missing [mm].
    period : (places, steps) array
        Time that a reading collected for [s].
    step : int
        Length of a step [s].

    Returns
    -------
    (places, steps) uint8 array
        QARTOD flags: suspect from where the same large rain, to 1 %, had been read for an hour and a half, by hourly
        values for half a day; what was told of it before stays told [1].

    References
    ----------
    IOOS QARTOD, flat line test; the spans are our own choice: rain varies from bucket to bucket.
    """
    rain = np.asarray(rain, dtype=np.float64)
    flags = np.full(rain.shape, GOOD, dtype=np.uint8)
    flags[np.isnan(rain)] = MISSING
    for row in np.flatnonzero((rain >= TIPS).sum(axis=1) >= 4).tolist():
        columns = np.flatnonzero(np.isfinite(rain[row]))
        value = rain[row, columns]
        change = np.abs(np.diff(value)) > 0.01 * value[1:]
        edges = np.concatenate(([0], np.flatnonzero(change) + 1, [value.size]))
        begins, lasts = edges[:-1], edges[1:] - 1
        length = period[row, columns[lasts]]
        since = columns[begins] * step - np.minimum(period[row, columns[begins]], length)
        limit = np.where(length < HOUR, BELIEVED, 12.0 * HOUR)
        much = (value[begins] > MUCH * record_rain(length)) & (length <= LONG)
        for run in np.flatnonzero(much & (columns[lasts] * step - since > limit)).tolist():
            of_run = columns[begins[run] : lasts[run] + 1]
            flags[row, of_run[of_run * step - since[run] > limit[run]]] = SUSPECT
    return flags
