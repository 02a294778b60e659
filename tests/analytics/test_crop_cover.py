"""Water use of crops that stand in no table, from their cover and height; whose fire table a level is read from."""

from datetime import date

import numpy as np
import pytest

from analytics import languages
from analytics.grid import local_days
from analytics.index import Places, Result, Window
from analytics.indices import BY_NAME
from analytics.indices.crop_cover import basal_of_cover, density_coefficient, parameters_of_cover
from analytics.indices.crops import crops, parameters_of, seasons

ZONE = "Asia/Ho_Chi_Minh"
UNTABLED = ["acacia", "black_jelly_grass", "custard_apple", "eucalyptus", "persimmon", "star_anise", "tobacco"]


def test_the_worked_example():
    """fc 0.5, h 3 m, ML 1.5: bounded by the thin canopy, 0.75; by height alone it would be 0.841."""
    assert density_coefficient(0.5, 3.0, 1.5) == pytest.approx(0.75)
    assert density_coefficient(0.5, 3.0, 2.0) == pytest.approx(0.841, abs=5e-4)


@pytest.mark.parametrize(("covered", "height", "expected"), [(1.0, 0.3, 1.0), (0.7, 0.0, 0.7), (0.0, 2.0, 0.0)])
def test_bounds_of_the_density(covered, height, expected):
    assert density_coefficient(covered, height) == pytest.approx(expected)
    assert np.isnan(density_coefficient(np.nan, height))
    assert np.isnan(density_coefficient(covered, np.nan))


@pytest.mark.parametrize(("height", "full"), [(1.9, 1.19), (2.0, 1.2), (2.1, 1.2), (12.0, 1.2)])
def test_full_cover_is_at_most_1_20(height, full):
    assert basal_of_cover(1.0, height) == pytest.approx(full)


def test_half_covered_orchard_by_hand():
    assert basal_of_cover(0.5, 3.0) == pytest.approx(0.15 + 0.75 * (1.2 - 0.15))


@pytest.mark.parametrize("crop", UNTABLED)
def test_two_things_seen_give_a_crop_of_no_table_its_water_use(crop):
    assert not any(name.startswith("kc") for name in crops()[crop].parameters), "no number without a source"
    assert "kc_middle" not in parameters_of(crop, {"ground_cover": 0.5})
    found = parameters_of(crop, {"ground_cover": 0.5, "height": 3.0})
    assert found["kcb_middle"] == pytest.approx(0.9375)
    assert found["kc_middle"] == pytest.approx(0.9875)


def etc(crop, **given):
    """ETc of a season in the third month, of 5 mm a day."""
    days = np.array(["2026-03-01"], "datetime64[D]"), np.array(["NaT"], "datetime64[D]")
    grid = local_days(date(2026, 5, 1), date(2026, 5, 3), [ZONE], 600)
    window = Window(grid, Places(*[np.zeros(1)] * 4), {}).take(np.zeros(1, np.int64), seasons([crop], *days, [given]))
    window.values["reference_evapotranspiration"] = Result(np.full((1, 3), 5.0), np.ones((1, 3)))
    window.values["crop_coefficient"] = BY_NAME["crop_coefficient"].evaluate(window)
    return BY_NAME["crop_evapotranspiration"].evaluate(window).value[0, 0]


def test_an_orchard_is_told_its_water_use():
    assert np.isnan(etc("custard_apple"))
    assert etc("custard_apple", ground_cover=0.5, height=3.0) == pytest.approx(5.0 * 0.9875)


def test_a_thin_stand_uses_less_than_the_table_and_what_was_said_outright_wins():
    assert etc("tea") == pytest.approx(5.0)
    thin = etc("tea", ground_cover=0.3, height=1.0)
    assert thin == pytest.approx(5.0 * (0.15 + 0.45 * (1.1 - 0.15) + 0.05))
    assert etc("tea", ground_cover=0.3, height=1.0, kc_middle=0.8) == pytest.approx(4.0)


@pytest.mark.parametrize("given", [{"ground_cover": True, "height": 3.0}, {"ground_cover": "half", "height": 3.0}, {}])
def test_what_is_no_number_gives_nothing(given):
    assert parameters_of_cover(given) == {} or given == {"ground_cover": True, "height": 3.0}


@pytest.mark.parametrize("crop", sorted(crops()))
def test_every_number_of_a_crop_has_its_source(crop):
    row = crops()[crop]
    of = {"stage": "stages", "kc": "kc", "kcb": "kcb", "height": "height", "root": "root", "depletion": "depletion"}
    of |= {"heat_base": "heat", "heat_ceiling": "heat", "heat": "degree_days", "flooded": "kc"}
    for name in row.parameters:
        key = of.get(name) or of[name.split("_")[0]]
        assert not row.provenance[key].startswith(("not found", "Allen and Pereira (2009), from")), (name, key)


# --- the fire level ---

LIMITS = {f"fire_limit_{level}": 1000.0 * level for level in (1, 2, 3, 4)}


@pytest.mark.parametrize("missing", [None, "fire_rain_reset", *LIMITS])
def test_a_level_is_the_provinces_own_only_with_its_whole_table(missing):
    given = {"fire_rain_reset": 5.0, **LIMITS}
    given = {name: np.array([value]) for name, value in given.items() if name != missing}
    grid = local_days(date(2026, 1, 1), date(2026, 1, 1), [ZONE], 600)
    window = Window(grid, Places(*[np.zeros(1)] * 4, given), {})
    window.values["fire_danger_p"] = Result(np.full((1, 1), 2500.0), np.ones((1, 1)))
    index = BY_NAME["fire_danger_level"]
    found = index.evaluate(window)
    assert index.methods[found.method[0, 0]] == ("table:thua-thien-hue" if missing else "table:place")


@pytest.mark.parametrize("name", ["fire_danger_level", "fire_danger_p"])
def test_what_is_read_from_another_provinces_table_says_so_wherever_it_is_named(name):
    assert all("Thừa Thiên Huế" in title for title in BY_NAME[name].title.values())


def test_messages_and_boards_name_the_table_too():
    from analytics.rules import BY_NAME as RULES
    from dashboards.words import Words

    for language, mark in (("vi", "Thừa Thiên Huế"), ("en", "Thua Thien Hue")):
        assert all(mark in RULES["fire_province"].words(level, language).fact for level in (1, 2, 3))
        assert "Thừa Thiên Huế" in languages.SHELF.titles("rules.fire_province.title")[language]
    for key in ("forest_fire_danger", "fire_danger_level", "index_p"):
        for language in ("vi", "en"):
            assert "Thừa Thiên Huế" in Words(f"drought_fire.{key}").get(language)
