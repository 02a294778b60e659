"""FAO's frost regression: the coming minimum from dusk, fitted to past radiation nights.

What the platform forecasts a night by stands in `analytics.indices.frost_night`; this is the published method beside
which it is measured.
"""

from __future__ import annotations

import numpy as np

from analytics.grid import Values


def frost_regression(
    count: Values, x: Values, d: Values, y: Values, xx: Values, dd: Values, yy: Values, xd: Values, xy: Values,
    dy: Values,
) -> tuple[Values, ...]:  # fmt: skip
    """Two-step regression of the night's minimum from sums over past nights.

    Parameters
    ----------
    count : (...) array
        Nights [1].
    x : (...) array
        Sum of the temperatures two hours after sunset [°C].
    d : (...) array
        Sum of the dew points two hours after sunset [°C].
    y : (...) array
        Sum of the minima [°C].
    xx : (...) array
        Sum of squares of x [°C2].
    dd : (...) array
        Sum of squares of d [°C2].
    yy : (...) array
        Sum of squares of y [°C2].
    xd : (...) array
        Sum of products of x and d [°C2].
    xy : (...) array
        Sum of products of x and y [°C2].
    dy : (...) array
        Sum of products of d and y [°C2].

    Returns
    -------
    a : (...) array
        Slope on the temperature [1].
    b : (...) array
        Slope of what is left on the dew point [1].
    c : (...) array
        Intercept [°C].
    error : (...) array
        Standard error of a prediction, of count − 3 degrees of freedom [°C].

    References
    ----------
    Snyder and de Melo-Abreu (2005), ch. 5, FFST: the minimum is regressed on the temperature, then its residuals on the
    dew point; this is not the joint regression on both.
    """
    count = np.where(np.asarray(count) >= 3.0, count, np.nan)
    sxx, sxy, sxd = xx - x * x / count, xy - x * y / count, xd - x * d / count
    sdd, sdy, syy = dd - d * d / count, dy - d * y / count, yy - y * y / count
    a = sxy / np.where(sxx > 1e-9, sxx, np.nan)
    # residuals of the first step have mean 0, and with d the covariance sdy − a sxd
    b = np.where(sdd > 1e-9, (sdy - a * sxd) / np.where(sdd > 1e-9, sdd, 1.0), 0.0)
    c = (y - a * x - b * d) / count
    left = syy - 2.0 * a * sxy + a * a * sxx - 2.0 * b * (sdy - a * sxd) + b * b * sdd
    missing = 0.0 * c
    return a + missing, b + missing, c, np.sqrt(np.maximum(left, 0.0) / np.where(count > 3.0, count - 3.0, np.nan))


def frost_coefficients(temperature: Values, dew: Values, minimum: Values) -> tuple[Values, ...]:
    """Coefficients of a station's frost regression from past radiation nights.

    Parameters
    ----------
    temperature : (..., nights) array
        Temperature two hours after sunset [°C].
    dew : (..., nights) array
        Dew point two hours after sunset [°C].
    minimum : (..., nights) array
        Minimum of the night [°C].

    Returns
    -------
    a : (...) array
        Slope on the temperature [1].
    b : (...) array
        Slope of what is left on the dew point [1].
    c : (...) array
        Intercept [°C].
    error : (...) array
        Standard error of a prediction [°C].

    References
    ----------
    Snyder and de Melo-Abreu (2005), ch. 5, FFST.
    """
    x, d, y = (np.asarray(a, dtype=np.float64) for a in (temperature, dew, minimum))
    return frost_regression(*(a.sum(axis=-1) for a in _moments(x, d, y)))


def _moments(x: Values, d: Values, y: Values) -> tuple[Values, ...]:
    return np.ones_like(x), x, d, y, x * x, d * d, y * y, x * d, x * y, d * y


def night_minimum(temperature: Values, dew: Values, a: Values, b: Values, c: Values) -> Values:
    """Minimum of the coming night.

    Parameters
    ----------
    temperature : (...) array
        Temperature two hours after sunset [°C].
    dew : (...) array
        Dew point two hours after sunset [°C].
    a : (...) array
        Slope on the temperature [1].
    b : (...) array
        Slope on the dew point [1].
    c : (...) array
        Intercept [°C].

    Returns
    -------
    (...) array
        Predicted minimum [°C].

    References
    ----------
    Snyder and de Melo-Abreu (2005), ch. 5, FFST: Tp = a T0 + b Td0 + c.
    """
    return a * np.asarray(temperature, dtype=np.float64) + b * np.asarray(dew, dtype=np.float64) + c
