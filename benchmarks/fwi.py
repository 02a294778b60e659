"""All six codes of the Canadian fire weather index, 10,000 stations × 100 days, against xclim (numba), one thread.

Made weather, rain on 30 % of the days, at 21.85° N. Best of several rounds of each.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable

import numpy as np

from benchmarks import judge, stage

STATIONS, DAYS, ROUNDS, BAR = stage.size(10_000, 500), 100, 5, 1.5


def weather() -> tuple[np.ndarray, ...]:
    """Temperature, humidity, wind and rain, (stations, days) each."""
    rng = np.random.default_rng(1)
    shape = (STATIONS, DAYS)
    rain = np.where(rng.random(shape) < 0.3, rng.exponential(8.0, shape), 0.0)
    return rng.normal(20, 8, shape), rng.uniform(20, 100, shape), rng.uniform(0, 30, shape), rain


def ours(given: tuple[np.ndarray, ...]) -> Callable[[], object]:
    """Our kernel."""
    from analytics.indices import fire_weather as fwi

    month = np.arange(DAYS) // 30 + 1
    length, factor = fwi.day_length(21.85, month), fwi.day_factor(21.85, month)
    return lambda: fwi.fire_weather(*given, length, factor, *fwi.START)


def xclim_work(given: tuple[np.ndarray, ...]) -> Callable[[], object]:
    """xclim's, compiled by numba in a first call."""
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    import pandas as pd
    import xarray as xr
    from xclim.indices.fire import cffwis_indices

    dates = pd.date_range("2001-01-01", periods=DAYS)

    def named(values: np.ndarray, units: str) -> xr.DataArray:
        return xr.DataArray(values, dims=("place", "time"), coords={"time": dates}, attrs={"units": units})

    latitude = xr.DataArray(np.full(STATIONS, 21.85), dims=("place",), attrs={"units": "degrees_north"})
    t, rh, u, r = (named(values, unit) for values, unit in zip(given, ("degC", "%", "km/h", "mm/d"), strict=True))

    def work() -> object:
        found = cffwis_indices(tas=t, pr=r, hurs=rh, sfcWind=u, lat=latitude, overwintering=False)
        return [np.asarray(code) for code in found]

    work()
    return work


def best(work: Callable[[], object]) -> float:
    """Least processor seconds of a few rounds, after one that counts for nothing."""
    work()
    spent = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return min(spent)


def run() -> list[dict[str, object]]:
    """Station-days a second, side by side."""
    warnings.simplefilter("ignore")
    given = weather()
    work = ours(given)
    row = {"name": "fwi", "value": STATIONS * DAYS / best(work), "unit": "station-days/CPU s"}
    return [judge.against(row, "xclim", judge.peer(lambda: STATIONS * DAYS / best(xclim_work(given)), "xclim"), BAR)]


if __name__ == "__main__":
    print(run())
