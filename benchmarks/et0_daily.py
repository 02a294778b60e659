"""A million station-days of FAO-56 ET0, missing values and fall-backs on, one thread, against refet, pyet and xclim.

Data: 1,000 places × 1,000 days of made weather between 8° and 24° N; ours has 2 % of radiation, humidity and wind
missing and its fall-backs on, the peers the whole series. Without one of
the three the fastest is not known, and nothing is said of a ratio.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np

from benchmarks import judge

PLACES, DAYS, ROUNDS, BAR = 1000, 1000, 5, 1.5


def weather() -> dict[str, np.ndarray]:
    """Made weather, (places, days) each."""
    rng = np.random.default_rng(1)
    shape = (PLACES, DAYS)
    mean = 22 + 6 * np.sin(np.arange(DAYS) / 365 * 2 * np.pi) + rng.normal(0, 2, shape)
    half = rng.uniform(2, 7, shape)
    return {
        "low": mean - half, "high": mean + half, "damp": rng.uniform(80, 100, shape), "dry": rng.uniform(35, 75, shape),
        "radiation": rng.uniform(4, 24, shape), "wind": rng.gamma(2, 0.8, shape),
        "latitude": rng.uniform(8, 24, PLACES), "elevation": rng.uniform(0, 900, PLACES),
        "day": np.arange(DAYS) % 365 + 1.0,
    }  # fmt: skip


def best(work: Callable[[], object]) -> float:
    """Least processor seconds of a few rounds."""
    spent = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return min(spent)


def ours(w: dict[str, np.ndarray]) -> Callable[[], object]:
    """Our kernel with its astronomy, from readings with holes."""
    from analytics import solar
    from analytics.indices.evapotranspiration import evapotranspiration_with_fallbacks

    rng = np.random.default_rng(2)
    holes = {
        name: np.where(rng.random((PLACES, DAYS)) < 0.02, np.nan, w[name]) for name in ("damp", "radiation", "wind")
    }
    nothing = np.nan

    def work() -> object:
        latitude, day = w["latitude"][:, None], w["day"][None, :]
        days, back = np.unique(day[0], return_inverse=True)
        beyond = np.take(solar.extraterrestrial_radiation(latitude, days[None, :]), back, axis=1)
        light = np.take(solar.daylight_hours(latitude, days[None, :]), back, axis=1)
        return evapotranspiration_with_fallbacks(
            w["low"], w["high"], holes["damp"], w["dry"], nothing, nothing, holes["radiation"], nothing, holes["wind"],
            beyond, light, w["elevation"][:, None],
        )  # fmt: skip

    return work


def refet_work(w: dict[str, np.ndarray]) -> Callable[[], object]:
    """The same days by refet."""
    import refet

    from analytics.indices.psychrometrics import daily_vapour_pressure

    vapour = daily_vapour_pressure(w["low"], w["high"], w["damp"], w["dry"])

    def work() -> object:
        return refet.Daily(
            tmin=w["low"], tmax=w["high"], ea=vapour, rs=w["radiation"], uz=w["wind"], zw=2,
            elev=w["elevation"][:, None], lat=w["latitude"][:, None], doy=w["day"][None, :], method="asce",
        ).eto()  # fmt: skip

    return work


def pyet_work(w: dict[str, np.ndarray]) -> tuple[Callable[[], object], int]:
    """Twenty of the places by pyet, which takes a series at a time; and how many station-days that is."""
    import pandas as pd
    import pyet

    dates = pd.date_range("2001-01-01", periods=DAYS)
    few = range(20)
    series = {name: [pd.Series(w[name][row], index=dates) for row in few] for name in
              ("low", "high", "damp", "dry", "radiation", "wind")}  # fmt: skip

    def work() -> object:
        return [
            pyet.pm_fao56(
                (series["low"][row] + series["high"][row]) / 2, series["wind"][row], rs=series["radiation"][row],
                elevation=float(w["elevation"][row]), lat=float(np.radians(w["latitude"][row])),
                tmax=series["high"][row], tmin=series["low"][row], rhmax=series["damp"][row], rhmin=series["dry"][row],
            )
            for row in few
        ]  # fmt: skip

    return work, len(few) * DAYS


def xclim_work(w: dict[str, np.ndarray]) -> Callable[[], object]:
    """The same days by xclim's FAO-56, which estimates net radiation from four given fluxes."""
    import pandas as pd
    import xarray as xr
    from xclim.indices import potential_evapotranspiration

    time_ = pd.date_range("2001-01-01", periods=DAYS)

    def named(values: np.ndarray, units: str) -> xr.DataArray:
        return xr.DataArray(values, dims=("place", "time"), coords={"time": time_}, attrs={"units": units})

    latitude = xr.DataArray(w["latitude"], dims=("place",), attrs={"units": "degrees_north"})
    flux = w["radiation"] / 0.0864
    given = {
        "tasmin": named(w["low"], "degC"), "tasmax": named(w["high"], "degC"),
        "tas": named((w["low"] + w["high"]) / 2, "degC"), "lat": latitude,
        "hurs": named((w["damp"] + w["dry"]) / 2, "%"), "rsds": named(flux, "W m-2"), "rsus": named(0.23 * flux, "W m-2"),
        "rlds": named(np.full_like(flux, 350.0), "W m-2"), "rlus": named(np.full_like(flux, 400.0), "W m-2"),
        "sfcWind": named(w["wind"], "m s-1"),
    }  # fmt: skip
    return lambda: potential_evapotranspiration(method="FAO_PM98", **given).values


def others(w: dict[str, np.ndarray]) -> dict[str, float]:
    """Rates of the three peers."""
    total = PLACES * DAYS
    pyet_part, pyet_days = pyet_work(w)
    return {
        "refet": total / best(refet_work(w)),
        "pyet": pyet_days / best(pyet_part),
        "xclim": total / best(xclim_work(w)),
    }


def run() -> list[dict[str, object]]:
    """Rates side by side in one run."""
    warnings.simplefilter("ignore")
    w, total = weather(), PLACES * DAYS
    mine = total / best(ours(w))
    row = {"name": "et0_daily", "value": mine, "unit": "station-days/CPU s"}
    rates = judge.peer(lambda: others(w), "refet", "pyet", "xclim")
    if isinstance(rates, str):
        return [judge.against(row, "the fastest of refet, pyet and xclim", rates, BAR)]
    peer = max(rates, key=rates.__getitem__)
    listing = ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items())
    return [judge.against(row, f"{peer} (of {listing})", rates[peer], BAR)]


if __name__ == "__main__":
    print(run())
