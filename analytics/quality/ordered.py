"""Checks of one series in its order of time: step, spike, persistence, season's range; all places at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Values
from analytics.quality.finding import FAIL, GOOD, MISSING, NOT_EVALUATED, SUSPECT, Flags


def gross_range(values: Values, suspect: tuple[Values, Values], fail: tuple[Values, Values]) -> Flags:
    """Whether values lie within what a climate and what nature allow.

    Parameters
    ----------
    values : (..., steps) array
        Readings, NaN where missing [unit of the quantity].
    suspect : tuple of (...) arrays
        Bounds outside which a value is suspect [unit of the quantity].
    fail : tuple of (...) arrays
        Bounds outside which a value fails [unit of the quantity].

    Returns
    -------
    (..., steps) uint8 array
        QARTOD flags [1].

    References
    ----------
    IOOS QARTOD, gross range test; bounds: WMO-No. 305 by latitude and season.
    """
    values = np.asarray(values, dtype=np.float64)
    flags = np.full(values.shape, GOOD, dtype=np.uint8)
    flags[(values < suspect[0]) | (values > suspect[1])] = SUSPECT
    flags[(values < fail[0]) | (values > fail[1])] = FAIL
    flags[np.isnan(values)] = MISSING
    return flags


def step_change(values: Values, suspect: float, fail: float = np.inf) -> Flags:
    """Whether a value changed more than it can since the step before.

    Parameters
    ----------
    values : (..., steps) array
        Readings, NaN where missing [unit of the quantity].
    suspect : float
        Largest believable change in a step [unit of the quantity].
    fail : float
        Largest possible change in a step [unit of the quantity].

    Returns
    -------
    (..., steps) uint8 array
        QARTOD flags; the first value and one after a gap are not evaluated [1].

    References
    ----------
    Zahumenský (2004), Guidelines on quality control procedures for data from automatic weather stations, WMO CBS
    ET-AWS, time consistency; IOOS QARTOD, rate of change test.
    """
    values = np.asarray(values, dtype=np.float64)
    change = np.subtract(values[..., 1:], values[..., :-1])
    np.abs(change, out=change)
    flags = np.empty(values.shape, dtype=np.uint8)
    _grade(change, suspect, fail, flags[..., 1:])
    flags[..., 0] = NOT_EVALUATED
    flags[np.isnan(values)] = MISSING
    return flags


def spike(values: Values, suspect: float, fail: float = np.inf) -> Flags:
    """Whether a value stands out from both of its neighbours in time.

    Parameters
    ----------
    values : (..., steps) array
        Readings, NaN where missing [unit of the quantity].
    suspect : float
        Distance from the neighbours' mean above which a value is suspect [unit of the quantity].
    fail : float
        Distance above which it fails [unit of the quantity].

    Returns
    -------
    (..., steps) uint8 array
        QARTOD flags; a value without both neighbours is not evaluated [1].

    References
    ----------
    IOOS QARTOD (2020), Manual for real-time quality control of in-situ temperature and salinity data, test 6.
    """
    values = np.asarray(values, dtype=np.float64)
    apart = np.add(values[..., :-2], values[..., 2:])
    apart *= -0.5
    apart += values[..., 1:-1]
    np.abs(apart, out=apart)
    flags = np.full(values.shape, NOT_EVALUATED, dtype=np.uint8)
    _grade(apart, suspect, fail, flags[..., 1:-1])
    flags[np.isnan(values)] = MISSING
    return flags


def persistence(values: Values, variation: float, steps: int, exempt: NDArray[np.bool_] | None = None) -> Flags:
    """Whether a sensor is stuck: its values vary less than they must over a span.

    Parameters
    ----------
    values : (..., steps) array
        Readings, NaN where missing [unit of the quantity].
    variation : float
        Least difference of the largest and the smallest of the span [unit of the quantity].
    steps : int
        Length of the span; at least three quarters of it must be measured [1].
    exempt : (..., steps) bool array
        Where a constant value is normal; a span that touches it is good [1].

    Returns
    -------
    (..., steps) uint8 array
        QARTOD flags; every value of a stuck span is suspect, one in no judged span is not evaluated [1].

    References
    ----------
    Zahumenský (2004), minimum required variability; IOOS QARTOD, flat line test.
    """
    values = np.asarray(values, dtype=np.float64)
    flags = np.full(values.shape, NOT_EVALUATED, dtype=np.uint8)
    if values.shape[-1] >= steps:
        absent = np.isnan(values)
        highest = _window_extreme(np.where(absent, -np.inf, values), steps, np.maximum)
        lowest = _window_extreme(np.where(absent, np.inf, values), steps, np.minimum)
        running = np.cumsum(~absent, axis=-1, dtype=np.int32)
        count = running[..., steps - 1 :].copy()
        count[..., 1:] -= running[..., :-steps]
        judged = count >= max(2, -(-3 * steps // 4))
        stuck = judged & (highest - lowest < variation)
        if exempt is not None:
            stuck &= ~_window_extreme(exempt, steps, np.logical_or)
        flags[_spread(judged, steps)] = GOOD
        flags[_spread(stuck, steps)] = SUSPECT
        flags[absent] = MISSING
    else:
        flags[np.isnan(values)] = MISSING
    return flags


def _grade(distance: Values, suspect: float, fail: float, flags: Flags) -> None:
    """Write the flag of each distance: good 1, suspect 3, fail 4, and 2 where it is not known; truth values counted."""
    np.multiply(distance > suspect, np.uint8(2), out=flags, casting="unsafe")
    flags += GOOD
    if fail < np.inf:
        flags += distance > fail
    flags[np.isnan(distance)] = NOT_EVALUATED


def _window_extreme(values: Values, steps: int, ufunc: np.ufunc) -> Values:
    """Extreme of every run of ``steps`` values, by doubling the span."""
    span = 1
    while span * 2 <= steps:
        values = ufunc(values[..., :-span], values[..., span:])
        span *= 2
    rest = steps - span
    return ufunc(values[..., :-rest], values[..., rest:]) if rest else values


def _spread(spans: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """Steps that lie in a span that is true; a span is named by its first step."""
    result = np.zeros((*spans.shape[:-1], spans.shape[-1] + steps - 1), dtype=np.bool_)
    result[..., : spans.shape[-1]] = spans
    if not spans.any():
        return result
    done = 1
    while done < steps:
        span = min(done, steps - done)
        result[..., span:] |= result[..., :-span].copy()
        done += span
    return result
