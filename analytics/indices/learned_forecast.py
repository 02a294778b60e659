"""A regression that a station learns from its own past, drawn to a first guess, and the error of what it forecasts."""

from __future__ import annotations

import numpy as np

from analytics.grid import Values

#: The error before any forecast was made [K], with the weight of so many.
FIRST_ERROR, FIRST_COUNT = 2.5, 5.0


def shrunk_regression(
    count: Values, x: Values, y: Values, xx: Values, xy: Values, prior: Values, weight: Values
) -> tuple[Values, Values, Values]:
    """Linear regression from sums, its slopes drawn to a first guess.

    Parameters
    ----------
    count : (...) array
        Nights [1].
    x : (..., p) array
        Sums of the predictors [their units].
    y : (...) array
        Sum of what is predicted [K].
    xx : (..., p, p) array
        Sums of the products of the predictors [their units].
    xy : (..., p) array
        Sums of products of predictors and what is predicted [their units times K].
    prior : (..., p) array
        First guess of the slopes [K per unit].
    weight : (..., p) array
        Weight of the first guess, in squares of the predictor [their units squared].

    Returns
    -------
    intercept : (...) array
        Intercept [K].
    slopes : (..., p) array
        Slopes [K per unit].
    inverse : (..., p, p) array
        Inverse of the centred sums with the weights, for `leverage` [one over their units].

    References
    ----------
    Hoerl and Kennard (1970), Technometrics 12, 55-67: ridge regression, here about a first guess other than 0.
    """
    x, xx, xy = (np.asarray(one, dtype=np.float64) for one in (x, xx, xy))
    prior, weight = np.asarray(prior, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    count = np.where(np.asarray(count) >= 1.0, count, np.nan)
    middle = x / count[..., None]
    centred = xx - x[..., :, None] * middle[..., None, :]
    inverse = np.linalg.inv(centred + weight[..., None] * np.eye(x.shape[-1]))
    moments = xy - middle * np.asarray(y)[..., None] + weight * prior
    slopes = (inverse * moments[..., None, :]).sum(axis=-1)
    return y / count - (slopes * middle).sum(axis=-1), slopes, inverse


def leverage(count: Values, away: Values, inverse: Values) -> Values:
    """How much less certain a forecast is for lying away from what was learned.

    Parameters
    ----------
    count : (...) array
        Nights [1].
    away : (..., p) array
        Predictors less their means [their units].
    inverse : (..., p, p) array
        As `shrunk_regression` gives it [one over their units].

    Returns
    -------
    (...) array
        Share of the error's variance to be added [1].

    References
    ----------
    Draper and Smith (1998), Applied regression analysis, ch. 3: variance of a predicted value.
    """
    away = np.asarray(away)
    return 1.0 / np.asarray(count) + (away[..., :, None] * inverse * away[..., None, :]).sum(axis=(-2, -1))


def forecast_error(squares: Values, count: Values, away: Values, unseen: Values) -> Values:
    """Standard error of the coming forecast from those made before.

    Parameters
    ----------
    squares : (...) array
        Sum of the squared errors of forecasts made before their nights were known [K2].
    count : (...) array
        How many they were [1].
    away : (...) array
        Share of the variance to be added, of `leverage` [1].
    unseen : (...) array
        Variance of what was not measured [K2].

    Returns
    -------
    (...) array
        Standard error [K].

    References
    ----------
    Dawid (1984), J. R. Stat. Soc. A 147, 278-292: forecasts judged one after the other, each by what was known before.
    """
    variance = (np.asarray(squares) + FIRST_COUNT * FIRST_ERROR**2) / (np.asarray(count) + FIRST_COUNT)
    return np.sqrt(variance * (1.0 + np.asarray(away)) + np.asarray(unseen))
