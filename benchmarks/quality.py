"""Range, step, spike and stuck-sensor checks of 1,000 series × a week of 10-minute data, against ioos_qc's same four.

ioos_qc takes a series at a time, which is how it is meant to be used; 40 of the series are given to it.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np

from benchmarks import judge

SERIES, STEPS, PEER_SERIES, ROUNDS, BAR = 1000, 1008, 40, 5, 1.5


def values() -> np.ndarray:
    """Temperatures of made days with holes, spikes and stuck spans, (series, steps)."""
    rng = np.random.default_rng(1)
    found = 20 + 5 * np.sin(np.arange(STEPS) / 144 * 2 * np.pi) + rng.normal(0, 0.3, (SERIES, STEPS))
    found[rng.random(found.shape) < 0.01] = np.nan
    found[rng.random(found.shape) < 0.001] += 15.0
    found[:, 300:330] = 20.0
    return found


def ours(found: np.ndarray) -> object:
    """Our four checks and their worst flag."""
    from analytics.quality import ordered, worst

    return worst(
        ordered.gross_range(found, (-20.0, 50.0), (-30.0, 60.0)), ordered.step_change(found, 4.0, 13.0),
        ordered.spike(found, 4.0, 13.0), ordered.persistence(found, 0.1, 18),
    )  # fmt: skip


def peer(found: np.ndarray) -> Callable[[], object]:
    """The same four of ioos_qc and its aggregate."""
    from ioos_qc import qartod

    times = np.datetime64("2025-01-01") + np.arange(STEPS) * np.timedelta64(600, "s")

    def one(series: np.ndarray) -> object:
        flags = [
            qartod.gross_range_test(inp=series, fail_span=(-30, 60), suspect_span=(-20, 50)),
            qartod.rate_of_change_test(inp=series, tinp=times, threshold=4.0 / 600.0),
            qartod.spike_test(inp=series, suspect_threshold=4.0, fail_threshold=13.0),
            qartod.flat_line_test(
                inp=series, tinp=times, suspect_threshold=10_800, fail_threshold=21_600, tolerance=0.1
            ),
        ]
        return qartod.qartod_compare(flags)

    return lambda: [one(series) for series in found[:PEER_SERIES]]


def best(work: Callable[[], object]) -> float:
    """Least processor seconds of a few rounds."""
    spent = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return min(spent)


def run() -> list[dict[str, object]]:
    """Values checked a second, side by side."""
    warnings.simplefilter("ignore")
    found = values()
    mine = SERIES * STEPS / best(lambda: ours(found))
    other = judge.peer(lambda: PEER_SERIES * STEPS / best(peer(found)), "ioos_qc")
    return [judge.against({"name": "quality", "value": mine, "unit": "values/CPU s"}, "ioos_qc", other, BAR)]


if __name__ == "__main__":
    print(run())
