"""Drought over months: standardised precipitation (SPI) and precipitation less evapotranspiration (SPEI)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analytics.grid import Array, Times, Values
from analytics.index import Example, Index, Result, Step, Window, of_index
from analytics.indices.hours import sliding_sum
from telemetry.unknown import Why

#: WMO-No. 1090: at least 30 years to calibrate on; below these there is no value.
CALIBRATION_YEARS = 30
LEAST_YEARS = 20
#: Values beyond 3.09 (one in a thousand) say more than thirty years can know.
BOUND = 3.09


def gamma_parameters(amounts: Values, exact: bool = True) -> tuple[Values, Values, Values]:
    """Gamma distribution of amounts above zero, and the share of zeros.

    Parameters
    ----------
    amounts : (..., years) array
        Precipitation of one calendar month over the years, NaN where not known [mm].
    exact : bool
        True: maximum likelihood; False: Thom's approximation of it, as in the programs of the 1990s [1].

    Returns
    -------
    shape : (...) array
        Shape of the distribution, NaN with fewer than four different amounts [1].
    scale : (...) array
        Scale of the distribution [mm].
    zero : (...) array
        Share of months without precipitation [1].

    References
    ----------
    Thom (1958), A note on the gamma distribution, Mon. Weather Rev. 86, 117–122, Eq. 22; Edwards and McKee (1997);
    maximum likelihood: Minka (2002), generalised Newton iteration.
    """
    from scipy import special  # noqa: PLC0415 — a second and 20 MB that only months need

    amounts = np.asarray(amounts, dtype=np.float64)
    wet = amounts > 0.0
    count, known = wet.sum(axis=-1), np.isfinite(amounts).sum(axis=-1)
    enough = np.where(count >= 4, count, np.nan)
    mean = np.where(wet, amounts, 0.0).sum(axis=-1) / enough
    spread = np.log(mean) - np.log(np.where(wet, amounts, 1.0)).sum(axis=-1) / enough
    spread = np.where(spread > 1e-9, spread, np.nan)
    shape = (1.0 + np.sqrt(1.0 + 4.0 * spread / 3.0)) / (4.0 * spread)
    for _ in range(5 if exact else 0):
        slope = 1.0 / shape - special.polygamma(1, shape)
        shape = 1.0 / (1.0 / shape + (np.log(shape) - special.digamma(shape) - spread) / (shape**2 * slope))
    return shape, mean / shape, 1.0 - count / np.where(known > 0, known, np.nan)


def standardised(amount: Values, shape: Values, scale: Values, zero: Values, years: Values = np.inf) -> Values:
    """Standard normal deviate of an amount within a gamma distribution with zeros.

    Parameters
    ----------
    amount : (...) array
        Precipitation [mm].
    shape : (...) array
        Shape of the distribution [1].
    scale : (...) array
        Scale of the distribution [mm].
    zero : (...) array
        Share of zeros [1].
    years : (...) array
        Years of which it is the share; infinite: very many [a].

    Returns
    -------
    (...) array
        Standardised precipitation, −3.09 to 3.09; of no precipitation that of the middle of the zeros [1].

    References
    ----------
    Edwards and McKee (1997), Characteristics of 20th century drought, Eq. 8: H = q + (1 − q) G. Stagge et al. (2015),
    Candidate distributions for climatological drought indices, Int. J. Climatol. 35, 4027–4040: the centre of mass of
    the zeros, (n₀ + 1)/(2 (n + 1)), so that where most months are dry a dry one is not wet.
    """
    from scipy import special  # noqa: PLC0415 — a second and 20 MB that only months need

    amount = np.maximum(amount, 0.0)
    wet = zero + (1.0 - zero) * special.gammainc(shape, amount / scale)
    one = 1.0 / np.asarray(years, dtype=np.float64)
    probability = np.where(amount == 0.0, (zero + one) / (2.0 * (1.0 + one)) + 0.0 * wet, wet)
    return np.clip(special.ndtri(probability), -BOUND, BOUND)


def standardised_precipitation_index(
    monthly: Values, months: int = 1, calibration: tuple[int, int] | None = None, exact: bool = True
) -> Values:
    """Precipitation of the last months in standard deviations from what is usual for them.

    Parameters
    ----------
    monthly : (..., months) array
        Monthly precipitation from a January on, NaN where not known [mm].
    months : int
        How many months a value looks at, its own included [1].
    calibration : tuple of int
        First year and the one after the last to calibrate on, counted from 0; None: all of them [a].
    exact : bool
        Maximum likelihood, else Thom's approximation [1].

    Returns
    -------
    (..., months) array
        Standardised precipitation index, −3.09 to 3.09 [1].

    References
    ----------
    McKee, Doesken and Kleist (1993), The relationship of drought frequency and duration to time scales; WMO-No. 1090
    (2012), Standardized precipitation index user guide.
    """
    sums, length = _by_year(monthly, months)
    chosen = sums[..., slice(*calibration)] if calibration else sums
    fitted = (*gamma_parameters(chosen, exact), np.isfinite(chosen).sum(axis=-1))
    with np.errstate(divide="ignore"):  # no year at all has no distribution either
        value = standardised(sums, *(parameter[..., None] for parameter in fitted))
    return _by_month(value, length)


def _by_year(monthly: Values, months: int) -> tuple[Array, int]:
    """(..., 12, years) sums over the last months, and the number of months."""
    monthly = np.asarray(monthly, dtype=np.float64)
    length = monthly.shape[-1]
    known = np.isfinite(monthly)
    sums = sliding_sum(monthly, months)
    # a sum that lacks a month, also at the beginning, is none
    sums = np.where(sliding_sum(known.astype(np.float64), months) == months, sums, np.nan)
    years = -(-length // 12)
    padded = np.full((*monthly.shape[:-1], years * 12), np.nan)
    padded[..., :length] = sums
    return np.swapaxes(padded.reshape(*monthly.shape[:-1], years, 12), -1, -2), length


def _by_month(by_year: Array, length: int) -> Array:
    swapped = np.swapaxes(by_year, -1, -2)
    return np.asarray(swapped.reshape(*swapped.shape[:-2], -1)[..., :length])


def logistic_parameters(balance: Values) -> tuple[Values, Values, Values]:
    """Generalised (log-)logistic distribution by L-moments.

    Parameters
    ----------
    balance : (..., years) array
        Water balance of one calendar month over the years, NaN where not known [mm].

    Returns
    -------
    location : (...) array
        Location, NaN with fewer than four years [mm].
    scale : (...) array
        Scale [mm].
    shape : (...) array
        Shape [1].

    References
    ----------
    Hosking and Wallis (1997), Regional frequency analysis, A.7, with unbiased probability weighted moments; the
    distribution of Vicente-Serrano, Beguería and López-Moreno (2010), J. Climate 23, 1696–1718.
    """
    ordered = np.sort(np.asarray(balance, dtype=np.float64), axis=-1)
    count = np.isfinite(ordered).sum(axis=-1, keepdims=True).astype(np.float64)
    count = np.where(count >= 4, count, np.nan)
    rank = np.arange(ordered.shape[-1])
    values = np.nan_to_num(ordered)
    b0, b1, b2 = (
        (values * weight).sum(axis=-1) / count[..., 0]
        for weight in (1.0, rank / (count - 1.0), rank * (rank - 1.0) / ((count - 1.0) * (count - 2.0)))
    )
    second, third = 2.0 * b1 - b0, 6.0 * b2 - 6.0 * b1 + b0
    shape = -third / np.where(second > 0.0, second, np.nan)
    turn = np.where(np.abs(shape) < 1e-6, 1.0, np.sinc(shape))
    scale = second * turn
    bent = np.where(np.abs(shape) < 1e-6, 0.0, 1.0 / np.where(shape == 0.0, 1.0, shape))
    return b0 - np.where(bent == 0.0, 0.0, scale * bent * (1.0 - 1.0 / turn)), scale, shape


def standardised_balance(balance: Values, location: Values, scale: Values, shape: Values) -> Values:
    """Standard normal deviate of a water balance within a generalised logistic distribution.

    Parameters
    ----------
    balance : (...) array
        Precipitation less evapotranspiration [mm].
    location : (...) array
        Location of the distribution [mm].
    scale : (...) array
        Scale of the distribution [mm].
    shape : (...) array
        Shape of the distribution [1].

    Returns
    -------
    (...) array
        Standardised balance, −3.09 to 3.09 [1].

    References
    ----------
    Hosking and Wallis (1997), A.7, distribution function.
    """
    from scipy import special  # noqa: PLC0415 — a second and 20 MB that only months need

    reduced = (np.asarray(balance, dtype=np.float64) - location) / scale
    bent = np.where(np.abs(shape) < 1e-6, 1.0, shape)
    inside = np.maximum(1.0 - bent * reduced, 1e-300)
    y = np.where(np.abs(shape) < 1e-6, reduced, -np.log(inside) / bent)
    value = special.ndtri(special.expit(y))
    return np.where(np.isnan(reduced), np.nan, np.clip(value, -BOUND, BOUND))


def standardised_precipitation_evapotranspiration_index(
    balance: Values, months: int = 1, calibration: tuple[int, int] | None = None
) -> Values:
    """Water balance of the last months in standard deviations from what is usual for them.

    Parameters
    ----------
    balance : (..., months) array
        Monthly precipitation less reference evapotranspiration from a January on, NaN where not known [mm].
    months : int
        How many months a value looks at, its own included [1].
    calibration : tuple of int
        First year and the one after the last to calibrate on, counted from 0; None: all of them [a].

    Returns
    -------
    (..., months) array
        Standardised precipitation–evapotranspiration index, −3.09 to 3.09 [1].

    References
    ----------
    Vicente-Serrano, Beguería and López-Moreno (2010), J. Climate 23, 1696–1718; unbiased moments: Beguería et al.
    (2014), Int. J. Climatol. 34, 3001–3023.
    """
    sums, length = _by_year(balance, months)
    chosen = sums[..., slice(*calibration)] if calibration else sums
    value = standardised_balance(sums, *(parameter[..., None] for parameter in logistic_parameters(chosen)))
    return _by_month(value, length)


#: Days of stored values that a month's index looks back.
_HISTORY = (CALIBRATION_YEARS + 1) * 366


def monthly_totals(dates: Times, values: Array, least: float = 0.9) -> tuple[Times, Array]:
    """Sums of the months that the dates touch, from a January to a December.

    A month with fewer than the share ``least`` of its days is NaN; what a fuller one lacks is made up by its mean.
    """
    month = dates.astype("datetime64[M]")
    first = month[0].astype("datetime64[Y]").astype("datetime64[M]")
    whole = np.arange(first, month[-1].astype("datetime64[Y]").astype("datetime64[M]") + 12)
    present = np.isfinite(values)
    begins = np.flatnonzero(np.concatenate(([True], month[1:] != month[:-1])))
    count = np.add.reduceat(present, begins, axis=1, dtype=np.float64)
    total = np.add.reduceat(np.where(present, values, 0.0), begins, axis=1)
    days = ((whole + 1).astype("datetime64[D]") - whole.astype("datetime64[D]")).astype(np.float64)
    where = (month[begins] - first).astype(np.int64)
    sums = np.full((values.shape[0], whole.size), np.nan)
    share = count / days[where]
    sums[:, where] = np.where(share >= least, total / np.where(count > 0, share, np.nan), np.nan)
    return whole, sums


def _month_ends(window: Window, whole: Times, value: Array) -> Array:
    """(places, days) a month's value on its last day."""
    dates = window.grid.dates
    last = np.flatnonzero((dates + 1).astype("datetime64[M]") != dates.astype("datetime64[M]"))
    result = np.full(window.shape, np.nan)
    result[:, last] = value[:, (dates[last].astype("datetime64[M]") - whole[0]).astype(np.int64)]
    return result


def _computed(kernel: Callable[..., Values], months: int, less: str | None) -> Callable[[Window], Result]:
    def compute(window: Window) -> Result:
        dates = window.grid.dates
        if not ((dates + 1).astype("datetime64[M]") != dates.astype("datetime64[M]"))[window.lead :].any():
            # no month ends among these days: thirty years need not be looked at
            return Result(np.full(window.shape, np.nan), np.zeros(window.shape))
        dates = np.arange(dates[0] - _HISTORY, dates[-1] + 1)
        daily = window.index("precipitation_sum", _HISTORY)
        if less:
            daily = daily - window.index(less, _HISTORY)
        whole, monthly = monthly_totals(dates, daily)
        years = np.isfinite(monthly.reshape(monthly.shape[0], -1, 12)).sum(axis=1).min(axis=1)[:, None]
        value = np.where(years >= LEAST_YEARS, kernel(monthly, months), np.nan)
        completeness = np.broadcast_to(np.minimum(years / CALIBRATION_YEARS, 1.0), window.shape).copy()
        return Result(_month_ends(window, whole, value), completeness)

    return compute


#: Thirty years of months between 10 and 110 mm, for the worked examples.
_MONTHS = [10.0 * (1 + (year * 7 + month * 3) % 11) for year in range(30) for month in range(12)]
_NOTE = (
    "Needs 20 years of days in the table, 30 for full completeness; calibrated on all of them. A sum without rain is "
    "in the middle of those without."
)


def _row(months: int, evaporated: bool) -> Index:
    name = "SPEI" if evaporated else "SPI"
    kernel = (
        standardised_precipitation_evapotranspiration_index if evaporated else standardised_precipitation_index
    )  # fmt: skip
    needs = [of_index("precipitation_sum", before=_HISTORY)]
    if evaporated:
        needs.append(of_index("reference_evapotranspiration", before=_HISTORY))
    expected = 0.6240619 if evaporated else 0.67223774
    return Index(
        name=f"{name.lower()}_{months}",
        unit="1",
        needs=tuple(needs),
        compute=_computed(kernel, months, "reference_evapotranspiration" if evaporated else None),
        kernel=kernel,
        source="Vicente-Serrano et al. (2010), J. Climate 23, 1696–1718" if evaporated else "WMO-No. 1090 (2012)",
        equation="Φ⁻¹(F(P − ET0)), F log-logistic by L-moments" if evaporated else "Φ⁻¹(q + (1 − q) G(P)), G gamma",
        example=Example(
            {"balance" if evaporated else "monthly": _MONTHS}, expected, 1e-6,
            "own, against scipy.stats.gamma.fit and standard_precip 2.0 in tests", position=12,
        ),
        step=Step.MONTH,
        completeness=LEAST_YEARS / CALIBRATION_YEARS,
        unknown=Why.RECORD,
        note=_NOTE,
    )  # fmt: skip


INDICES: tuple[Index, ...] = tuple(_row(months, evaporated) for evaporated in (False, True) for months in (1, 3, 6, 12))
