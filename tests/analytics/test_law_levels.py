"""Levels of Quyết định 18/2021/QĐ-TTg: every cell of every table that was read, and every end of every band."""

import csv
from pathlib import Path

import numpy as np
import pytest

from analytics.indices import law
from analytics.indices.rain import beaufort
from analytics.indices.spells import cold_bands, heat_bands, spell_days

GOLDEN = Path(__file__).parents[1] / "golden" / "law_levels.csv"
BANDS = {"53": ("13", "8", "4", "0"), "47": ("35", "37", "39", "41"), "44": ("100", "200", "400")}


def cells():
    lines = [line for line in GOLDEN.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [
        (row["article"], float(row["place"]), row["what"], (float(row["least"]), float(row["most"])), row["level"])
        for row in csv.DictReader(lines)
    ]


def in_bands(article, what, days):
    """So many days in the band and in those that hold it: what is below 4 is below 8 and 13 too."""
    names = BANDS[article]
    return np.array([days if at <= names.index(what) else 0.0 for at in range(len(names))])


FOUND = {
    "53": lambda place, what, amount: law.cold_level(in_bands("53", what, amount), place),
    "47": lambda place, what, amount: law.heat_level(in_bands("47", what, amount), place),
    "42": lambda place, _, amount: law.storm_level(amount, place),
    "45": lambda place, what, amount: law.flood_level(amount, 10.0, 12.0, 14.0, place, 17.0, float(what == "several")),
    "48": lambda _, what, amount: np.array([law.drought_level(amount, float(water)) for water in what.split("-")]),
    "54": lambda place, _, amount: law.forest_fire_level(amount, place, 1.0),
    "51": lambda place, _, amount: law.fog_level(amount, place),
    "52": lambda _place, _, amount: law.hail_level(amount),
    "44": lambda place, what, amount: law.heavy_rain_level(rain_days(what, amount), float(what.split()[2]), place),
}


def rain_days(what, days):
    """So many days in the band alone."""
    return np.where(np.array(BANDS["44"]) == what.split()[0], days, 0.0)


@pytest.mark.parametrize(("article", "place", "what", "span", "level"), cells())
def test_cell_of_the_article(article, place, what, span, level):
    expected = {"-": 0.0, "?": np.nan}[level] if level in "-?" else float(level)
    for amount in span:
        np.testing.assert_array_equal(FOUND[article](place, what, amount), expected, str(amount))


def test_every_article_that_was_read_has_its_cells():
    assert {article for article, *_ in cells()} == {"42", "44", "45", "47", "48", "51", "52", "53", "54"}


@pytest.mark.parametrize(
    ("mean", "bands"),
    [
        (13.1, "0000"), (13.0, "0000"), (12.99, "1000"), (8.1, "1000"), (8.0, "1100"), (7.9, "1100"), (4.1, "1100"),
        (4.0, "1110"), (3.9, "1110"), (0.0, "1110"), (-0.01, "1111"), (8.0 + 1e-12, "1100"),
    ],
)  # fmt: skip
def test_ends_of_the_bands_of_cold(mean, bands):
    assert "".join(str(int(one)) for one in cold_bands(mean)) == bands


@pytest.mark.parametrize(
    ("maximum", "bands"),
    [
        (34.9, "0000"), (35.0, "0000"), (35.1, "1000"), (37.0, "1000"), (37.1, "1100"), (39.0, "1100"), (39.1, "1110"),
        (41.0, "1110"), (41.1, "1111"),
    ],
)  # fmt: skip
def test_ends_of_the_bands_of_heat(maximum, bands):
    assert "".join(str(int(one)) for one in heat_bands(maximum)) == bands
    if maximum == 35.0:
        assert "".join(str(int(one)) for one in heat_bands(maximum, 1.0)) == "1000", "where a setting says so"


def test_a_missing_day_neither_counts_nor_ends_a_spell_but_three_do():
    days = np.array([1, 1, np.nan, 1, np.nan, np.nan, 1, np.nan, np.nan, np.nan, 1, 0, 1])[:, None]
    assert spell_days(days, np.zeros(2)).days[:, 0].tolist() == [1, 2, 2, 3, 3, 3, 4, 4, 4, 0, 1, 0, 1]


def test_days_go_on_from_those_before():
    days = np.ones((6, 2))
    whole = spell_days(days, np.zeros(3))
    parts = spell_days(days[:2], np.zeros(3))
    np.testing.assert_array_equal(spell_days(days[2:], parts.state[-1]).state, whole.state[2:])


def test_a_spell_of_several_bands_has_the_highest_level_that_any_of_them_reaches():
    means = np.array([12.0, 12.0, 7.0, 7.0, 7.0, 3.0, 3.0, 3.0, 12.0, 12.0, 12.0])
    days = spell_days(cold_bands(means), np.zeros(5)).days
    # six days at or below 8 and three at or below 4: 1 either way; the eleventh day of all is 1 again
    assert law.cold_level(days, np.ones(11)).tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1]


def test_an_amount_above_the_first_row_on_few_communes_is_not_defined():
    assert np.isnan(law.heavy_rain_level(np.array([1.0, 1.0, 0.0]), 1.0, 1.0))
    assert law.heavy_rain_level(np.array([1.0, 0.0, 0.0]), 1.0, 1.0) == 1.0
    assert law.heavy_rain_level(np.array([3.0, 1.0, 0.0]), 2.0, 1.0) == 2.0
    assert law.heavy_rain_level(np.zeros(3), 1.0, 1.0) == 0.0, "no such rain"
    assert np.isnan(law.heavy_rain_level(np.array([5.0, 0.0, 0.0]), 3.0, np.nan)), "terrain decides"


@pytest.mark.parametrize(
    ("share", "provinces", "extent"), [(0.2, 1, 1), (0.5, 1, np.nan), (0.51, 1, 2), (0.7, 2, 3), (0.3, 2, 1)]
)
def test_extent_by_the_share_of_communes(share, provinces, extent):
    np.testing.assert_array_equal(law.rain_extent(share, provinces), extent)


def test_what_is_not_known_is_not_guessed():
    nan = np.nan
    assert np.isnan(law.drought_level(4.0, nan)), "no figure of surface water"
    assert np.isnan(law.flood_level(13.0, 10.0, 12.0, 14.0, nan, nan))
    assert law.flood_level(9.0, 10.0, 12.0, 14.0, nan, nan) == 0.0, "below the first mark in every zone"
    assert law.flood_level(20.0, 10.0, 12.0, 14.0, 4.0, nan) == 4.0, "the historic flood is not known"
    assert np.isnan(law.forest_fire_level(36.0, 1.0)), "zone 1 asks for water that dried up"
    assert law.forest_fire_level(36.0, 1.0, 0.0) == 0.0
    assert np.isnan(law.storm_level(nan, 3.0))


def test_force_begins_where_the_table_of_wind_says():
    for speed, level in ((17.1, 0), (17.2, 3), (24.5, 3), (32.6, 3), (32.7, 4), (41.5, 4), (50.9, 4), (51.0, 5)):
        assert law.storm_level(beaufort(speed), 3.0) == level, speed
    assert law.storm_level(beaufort(41.5), 2.0) == 5, "Việt Bắc"


def test_the_page_of_the_law_is_made_from_the_pack():
    from analytics.law_page import page

    assert Path("docs/law.md").read_text(encoding="utf-8") == page(), (
        "docs/law.md is old: python -m analytics.law_page > docs/law.md"
    )
