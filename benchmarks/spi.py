"""SPI of three months for 2,000 stations × 40 years, against climate_indices (its own kernel, its logging silenced)."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable

import numpy as np

STATIONS, YEARS, PEER_STATIONS, ROUNDS, BAR = 2000, 40, 200, 3, 1.5


def best(work: Callable[[], object]) -> float:
    """Least processor seconds of a few rounds."""
    spent = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return min(spent)


def peer(monthly: np.ndarray) -> Callable[[], object]:
    """climate_indices, which takes a series at a time."""
    import structlog
    from climate_indices import compute, indices

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)

    def work() -> object:
        return [
            indices.spi(series, 3, indices.Distribution.gamma, 1980, 1980, 1979 + YEARS, compute.Periodicity.monthly)
            for series in monthly[:PEER_STATIONS]
        ]

    return work


def by_scipy(monthly: np.ndarray) -> Callable[[], object]:
    """The plain way by scipy.stats, for where climate_indices is not installed: five stations."""
    from scipy import stats

    def one(series: np.ndarray) -> np.ndarray:
        sums = np.convolve(series, np.ones(3), "valid")
        result = np.empty_like(sums)
        for month in range(12):
            values = sums[month::12]
            shape, _, scale = stats.gamma.fit(values, floc=0)
            result[month::12] = stats.norm.ppf(stats.gamma.cdf(values, shape, scale=scale))
        return result

    return lambda: [one(series) for series in monthly[:5]]


def run() -> list[dict[str, object]]:
    """Station-months a second, side by side."""
    warnings.simplefilter("ignore")
    from analytics.indices.drought import standardised_precipitation_index

    monthly = np.random.default_rng(1).gamma(1.5, 40.0, (STATIONS, YEARS * 12))
    months = YEARS * 12
    mine = STATIONS * months / best(lambda: standardised_precipitation_index(monthly, 3))
    try:
        name, other = "climate_indices", PEER_STATIONS * months / best(peer(monthly))
    except ImportError:
        print("spi: climate_indices is NOT INSTALLED here: compared with scipy.stats' own fit only")
        name, other = "scipy.stats (climate_indices not installed)", 5 * months / best(by_scipy(monthly))
    ratio = mine / other
    return [
        {"name": "spi", "value": mine, "unit": "station-months/s", "peer": name, "peer_value": other, "ratio": ratio,
         "bar": BAR, "met": ratio >= BAR}
    ]  # fmt: skip


if __name__ == "__main__":
    print(run())
