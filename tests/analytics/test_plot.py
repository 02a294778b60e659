"""Pictures of a season beside independent libraries: the series agree, and a file is a picture."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

from field import HOUR, START, deliver, settle, station

from analytics.run.commands.analytics import app

DAYS = 20


@pytest.fixture
async def season(database, monkeypatch):
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)
    rng = np.random.default_rng(4)
    names = ("air_temperature", "relative_humidity", "wind_speed", "global_radiation", "precipitation")
    _, streams = station(database, quantities=names)
    hours = np.arange(DAYS * 24)
    sun = np.sin((hours % 24 - 6) / 12 * np.pi)
    slow = np.cumsum(rng.normal(0, 0.2, hours.size))
    weather = {
        "air_temperature": 18 + 5 * np.sin((hours - 9) / 12 * np.pi) + slow,
        "relative_humidity": np.clip(75 - 15 * np.sin((hours - 9) / 12 * np.pi) + rng.normal(0, 2, hours.size), 20, 99),
        "wind_speed": 1.5 + rng.gamma(2, 0.4, hours.size),
        "global_radiation": np.maximum(sun, 0) * 500 * np.repeat(rng.uniform(0.5, 1.0, DAYS), 24),
        "precipitation": np.where(rng.random(hours.size) < 0.05, 2.0, 0.0),
    }
    for name, values in weather.items():
        deliver(database, streams[name], [(START + HOUR * int(h), round(float(values[h]), 2)) for h in hours])
    await settle(database, START + DAYS * 24 * HOUR)


async def test_every_index_with_a_reference_is_drawn_beside_it(season, tmp_path):
    import asyncio

    arguments = ["plot", "ls01", "--from", "2026-01-10", "--to", "2026-01-29", "--out", str(tmp_path), "--json"]
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert result.exit_code == 0, result.output
    drawn = {one["index"]: one for one in json.loads(result.output)}
    assert drawn.keys() >= {
        "air_temperature_mean", "precipitation_sum", "reference_evapotranspiration", "reference_evapotranspiration_tall",
        "evapotranspiration_hargreaves", "day_length",
    }  # fmt: skip
    for one in drawn.values():
        with open(one["file"], "rb") as picture:  # noqa: ASYNC230, PTH123
            assert picture.read(4) == b"\x89PNG"
        assert one["days"] >= 15
        assert abs(one["largest_difference"]) < 0.1, one
    nowhere = await asyncio.to_thread(CliRunner().invoke, app, ["plot", "nowhere", "--out", str(tmp_path)])
    assert nowhere.exit_code == 1
    unknown = ["plot", "ls01", "--index", "rice_blast_infection", "--out", str(tmp_path)]
    assert "no reference for" in (await asyncio.to_thread(CliRunner().invoke, app, unknown)).output
