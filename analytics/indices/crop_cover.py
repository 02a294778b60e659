"""Crop coefficients from two things that a technician can see: how much ground is covered, and how tall the crop is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analytics.grid import Values

#: Coefficient of bare dry ground, and what a mean coefficient has above a basal one (FAO-56, tables 12 and 17).
BARE, ABOVE_BASAL = 0.15, 0.05
#: Ground shaded by a leaf canopy at noon is used so many times over by its transpiration: 1.5 to 2 (Allen and Pereira).
CANOPY = 1.5


def density_coefficient(covered: Values, height: Values, canopy: Values = CANOPY) -> Values:
    """How near a stand is to full cover, as its water use has it.

    Parameters
    ----------
    covered : (...) array
        Share of the ground that is covered, or shaded at noon [1].
    height : (...) array
        Mean height of the plants [m].
    canopy : (...) array
        Multiplier of the cover that bounds the use of a thin canopy, 1.5 to 2.0 [1].

    Returns
    -------
    (...) array
        Density coefficient, 0 to 1 [1].

    References
    ----------
    Allen and Pereira (2009), Estimating crop coefficients from fraction of ground cover and height, Irrig. Sci. 28,
    17–34, Eq. 10.
    """
    covered, height = np.asarray(covered, dtype=np.float64), np.asarray(height, dtype=np.float64)
    return np.minimum(np.minimum(1.0, canopy * covered), covered ** (1.0 / (1.0 + height)) + 0.0 * height)


def basal_of_cover(covered: Values, height: Values) -> Values:
    """Basal crop coefficient of a stand in the standard climate of FAO-56 (2 m/s, 45 %).

    Parameters
    ----------
    covered : (...) array
        Share of the ground that is covered, or shaded at noon [1].
    height : (...) array
        Mean height of the plants [m].

    Returns
    -------
    (...) array
        Basal crop coefficient, for stomata that do not close more than those of annual crops [1].

    References
    ----------
    Allen and Pereira (2009), Irrig. Sci. 28, 17–34, Eq. 5 and 7 (full cover: 1 + 0.1 h, at most 1.20), Kc,min 0.15.
    """
    full = np.minimum(1.0 + 0.1 * np.asarray(height, dtype=np.float64), 1.2)
    return BARE + density_coefficient(covered, height) * (full - BARE)


def parameters_of_cover(given: Mapping[str, object]) -> dict[str, float]:
    """Coefficients that follow from the cover and the height said of a season; none where either was not said."""
    covered, height = (given.get(name) for name in ("ground_cover", "height"))
    if not isinstance(covered, int | float) or not isinstance(height, int | float):
        return {}
    basal = round(float(basal_of_cover(covered, height)), 4)
    stages = ("initial", "middle", "end")
    return {f"kcb_{stage}": basal for stage in stages} | {f"kc_{stage}": basal + ABOVE_BASAL for stage in stages}
