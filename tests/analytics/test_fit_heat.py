"""A base and a sum that were put in are found again; too few years are refused; the command tells its error."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import psycopg
import pytest
from typer.testing import CliRunner

from analytics.heat_fit import LEAST_YEARS, Grown, TooLittle, fit, usable
from analytics.indices.heat_units import degree_days_modified
from analytics.run.commands.analytics import app
from analytics.run.questions.fit_heat import NotFitted, read_harvests
from tests.analytics.field import deliver, settle, station


def weather(year, length=400):
    """Daily extremes from 1 January, each year another."""
    chance = np.random.default_rng(year)
    day = np.arange(length)
    mean = 21.0 + chance.normal(0, 1.2) - 7.5 * np.cos((day - 15) / 365 * 2 * np.pi) + chance.normal(0, 1.5, length)
    return mean - 4.0, mean + 5.0


def season(year, base, heat, sown=45):
    low, high = (values[sown:] for values in weather(year))
    sums = np.cumsum(degree_days_modified(low, high, base, np.inf))
    days = int(np.searchsorted(sums, heat)) + 1
    return Grown("ruong", year, days, low[:days], high[:days])


@pytest.mark.parametrize(("base", "heat"), [(8.0, 1500.0), (12.5, 1100.0)])
def test_what_was_put_in_is_found(base, heat):
    found = fit([season(year, base, heat, sown=30 + 7 * (year % 6)) for year in range(2000, 2012)])
    assert found.base == pytest.approx(base, abs=1.5)
    assert found.heat == pytest.approx(heat + (base - found.base) * 110, rel=0.08)
    assert found.error < 2.0 < found.error_of_days, "days alone miss the harvest by more"
    assert not found.at_the_edge


@pytest.mark.parametrize("years", [0, 1, LEAST_YEARS - 1])
def test_too_few_years_are_refused_however_many_fields(years):
    seasons = [season(2000 + year, 10.0, 1200.0, sown) for year in range(years) for sown in (30, 40, 50)]
    with pytest.raises(TooLittle, match="at least 4 different years"):
        fit(seasons)


def test_as_many_years_as_are_needed_are_enough():
    assert fit([season(2000 + year, 10.0, 1200.0, 30 + 9 * year) for year in range(LEAST_YEARS)]).years == LEAST_YEARS


def test_the_error_is_of_seasons_that_were_left_out():
    """One harvest three weeks late is missed by about three weeks, not smoothed away."""
    good = [season(year, 10.0, 1200.0, 30 + 5 * (year % 5)) for year in range(2000, 2009)]
    low, high = (values[40:] for values in weather(2009))
    late = season(2009, 10.0, 1200.0, 40).days + 21
    found = fit([*good, Grown("ruong", 2009, late, low[:late], high[:late])])
    assert found.error * np.sqrt(10) > 18.0


@pytest.mark.parametrize(("missing", "used"), [(0, True), (10, True), (11, False), (100, False)])
def test_a_season_that_lacks_more_than_a_tenth_of_its_days_is_left_aside(missing, used):
    low = np.full(100, 15.0)
    low[:missing] = np.nan
    assert (usable(Grown("ruong", 2020, 100, low, np.full(100, 25.0))) == "") is used


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("ruong,maize,2020-06-01,2020-06-01", "line 2: harvested 2020-06-01, which is not after"),
        ("ruong,maize,2020-13-01,2020-06-01", "line 2: .*is no day"),
        ("ruong,,2020-01-01,2020-06-01", "line 2: column crop is missing"),
    ],
)
def test_a_row_that_cannot_be_is_named_by_its_line(tmp_path, row, says):
    file = tmp_path / "harvests.csv"
    file.write_text(f"place,crop,sown,harvested\n{row}\n")
    with pytest.raises(NotFitted, match=says):
        read_harvests(file)


def test_a_list_without_harvests_is_told(tmp_path):
    file = tmp_path / "harvests.csv"
    file.write_text("place,crop,sown,harvested\n")
    with pytest.raises(NotFitted, match="names no harvest"):
        read_harvests(file)


async def test_command_fits_from_the_tables(database, monkeypatch, tmp_path):
    """Short seasons of four years, read back from the values of days that the engine computed."""
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)
    _, streams = station(database, quantities=("air_temperature",))
    rows, readings = ["place;crop;variety;sown;harvested"], []
    for year, warm in ((2022, 18.0), (2023, 20.0), (2024, 22.0), (2025, 24.0)):
        days = round(420.0 / (warm - 8.0))
        begin = datetime(year, 3, 1, tzinfo=UTC) - timedelta(hours=7)
        readings += [
            (begin + timedelta(hours=h), warm + 3.0 * float(np.sin((h - 9) / 12 * np.pi))) for h in range(24 * days)
        ]
        rows.append(f"ls01;maize;LVN10;{date(year, 3, 1)};{date(year, 3, 1) + timedelta(days=days)}")
    deliver(database, streams["air_temperature"], readings)
    await settle(database, datetime(2025, 4, 1, tzinfo=UTC))
    file = tmp_path / "harvests.csv"
    file.write_text("\n".join([*rows, "ls01;rice_spring;;2025-01-01;2025-02-01"]))

    found = await asyncio.to_thread(CliRunner().invoke, app, ["fit-heat", str(file), "--json"])
    assert found.exit_code == 0, found.output
    maize, rice = json.loads(found.stdout)
    assert maize["fit"]["base"] == pytest.approx(8.0, abs=1.0)
    assert maize["fit"]["error"] < maize["fit"]["error_of_days"]
    assert rice["fit"] is None
    assert "0 seasons of 0 years" in rice["reason"]
    assert "temperatures of 0 % of its days" in rice["left_aside"][0]
    plain = await asyncio.to_thread(CliRunner().invoke, app, ["fit-heat", str(file)])
    assert "maize LVN10: base 8" in plain.stdout
    assert "rice_spring: not fitted" in plain.stdout
    file.write_text("place,crop,sown,harvested\nnowhere,maize,2022-03-01,2022-06-01\n")
    lost = await asyncio.to_thread(CliRunner().invoke, app, ["fit-heat", str(file)])
    assert lost.exit_code == 1
    assert "there is no place 'nowhere'" in lost.output
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM season").fetchone()[0] == 0, "nothing is written"
