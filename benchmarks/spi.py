"""SPI of three months for 2,000 stations × 40 years, against climate_indices (its own kernel, its logging silenced)."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable

import numpy as np

from benchmarks import judge

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


def run() -> list[dict[str, object]]:
    """Station-months a second, side by side."""
    warnings.simplefilter("ignore")
    from analytics.indices.drought import standardised_precipitation_index

    monthly = np.random.default_rng(1).gamma(1.5, 40.0, (STATIONS, YEARS * 12))
    months = YEARS * 12
    mine = STATIONS * months / best(lambda: standardised_precipitation_index(monthly, 3))
    other = judge.peer(lambda: PEER_STATIONS * months / best(peer(monthly)), "climate_indices")
    return [
        judge.against({"name": "spi", "value": mine, "unit": "station-months/CPU s"}, "climate_indices", other, BAR)
    ]


if __name__ == "__main__":
    print(run())
