"""What cannot be judged is told, never silent: of every rule and index, with each of its needs taken away."""

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import psycopg
import pytest
from typer.testing import CliRunner

from analytics import lacks
from analytics.grid import of_values
from analytics.index import Kind, Places, evaluate
from analytics.indices import ALL, INDICES, SEASON_INDICES
from analytics.indices.crops import crops
from analytics.indices.water_bodies import marks_reached
from analytics.lacks import There, index_needs, rule_needs
from analytics.properties import OF_PLACE, PROPERTIES
from analytics.rules import BY_NAME, RULES
from analytics.run.commands.analytics import app as analytics_app
from analytics.run.commands.rule import app as rule_app
from telemetry.unknown import Why, words
from tests.analytics.field import HOUR, START, deliver, settle, station
from tests.analytics.test_flash_flood import DRY, STORM, WET_DAY, rain
from tests.analytics.test_window import window

COORDINATES = {"latitude": 21.8, "longitude": 106.8, "elevation": 260.0}


def everything(needs, quantities=()):
    """A place and a season that have all of these."""
    middle = {name: float(round((row.minimum + row.maximum) / 2)) for name, row in PROPERTIES.items()}
    middle |= {name: row.minimum for name, row in PROPERTIES.items() if not row.can_be(middle[name])}
    return There(
        frozenset([*quantities, *(need.name.split("/")[0] for need in needs if need.kind is Kind.SERIES)]),
        COORDINATES | middle,
        dict(middle),
    )


def without(there, *names):
    def rest(given):
        return {key: value for key, value in given.items() if key not in names}

    return replace(there, quantities=there.quantities - set(names), place=rest(there.place), crop=rest(there.crop))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_tells_what_it_lacks(rule):
    needs = rule_needs(rule)
    there = everything(needs, rule.quantities)
    assert lacks.of_rule(rule, there) is None
    if rule.quantities:
        found = lacks.of_rule(rule, without(there, *rule.quantities))
        assert (found.why, found.holds) == (Why.SENSOR, False)
    for need in needs:
        names = need.any_of or (need.name.split("/")[0],)
        found = lacks.of_rule(rule, without(there, *names))
        assert found is not None, f"{need.name} is not there, and the rule would be silent"
        assert found.why is (Why.SENSOR if need.kind is Kind.SERIES else Why.PROPERTY)
        assert found.holds is bool(need.otherwise)
        if need.kind is not Kind.SERIES and names[0] in PROPERTIES:
            for wrong in (float("nan"), PROPERTIES[names[0]].maximum + 1.0):
                spoilt = dict.fromkeys(names, wrong)
                bad = replace(there, place=there.place | spoilt, crop=there.crop | spoilt)
                assert lacks.of_rule(rule, bad) is not None, (need.name, wrong)
    assert lacks.when_unknown(rule) or rule.trouble or not needs


@pytest.mark.parametrize("index", ALL, ids=lambda index: index.name)
def test_every_number_that_an_index_reads_is_one_of_its_needs(index):
    """A property read and not declared would be missing without a word."""
    asked = set()

    class Watched(Places):
        def property(self, name, default=np.nan):
            asked.add(name)
            return super().property(name, default)

    given = window(0, 5)
    places = given.places
    watched = replace(
        given,
        places=Watched(places.latitude, places.longitude, places.elevation, places.wind_height, places.properties),
    )
    evaluate([one for one in INDICES if one is not index], given)
    if index.season:
        return  # a season's parameters: the test below
    watched.values.update({name: found for name, found in given.values.items() if name != index.name})
    watched._begun.clear()
    index.compute(watched)
    declared = {
        name for need in index_needs(index.name) if need.kind is Kind.PLACE for name in (need.name, *need.any_of)
    }
    assert asked - {"mark_4"} <= declared, index.name


@pytest.mark.parametrize("crop", sorted(crops()))
def test_a_crop_of_which_something_is_not_known_says_what(crop):
    """Either every index of its season is told to lack something, or nothing bars it."""
    there = There(
        frozenset({"air_temperature", "relative_humidity", "precipitation", "water_volume", "pest_count"}),
        COORDINATES,
        crops()[crop].parameters,
    )
    for index in SEASON_INDICES:
        found = lacks.of_index(index, there)
        missing = {
            need.name
            for need in index_needs(index.name)
            if need.kind is Kind.CROP and not need.otherwise and need.name not in there.crop
        }
        assert (found is not None and not found.holds) == bool(missing), (index.name, found, missing)


def unset_properties():
    return sorted({need.name for index in INDICES for need in index.needs if need.kind is Kind.PLACE} & OF_PLACE)


@pytest.mark.parametrize("name", unset_properties())
@pytest.mark.parametrize("value", [np.nan, -1e9, 2.5])
def test_a_place_without_a_number_never_has_a_lower_level_in_silence(name, value):
    """With it unset, or impossible, an index has no value, or it is declared what is taken instead."""
    wet = window(0, 8)
    total = np.nan_to_num(wet.readings["precipitation"].value) * 20.0
    wet = replace(wet, readings={**wet.readings, "precipitation": of_values(total)}, values={}, _memory={}, _begun={})
    properties = {key: given for key, given in wet.places.properties.items() if key != name}
    group = next(
        (need.any_of for index in INDICES for need in index.needs if need.name == name and need.any_of), (name,)
    )
    properties |= {one: np.full(3, value) for one in group}
    spoilt = replace(
        wet,
        places=replace(wet.places, properties=properties),
        values={}, _memory={}, _begun={},
    )  # fmt: skip
    there = There(frozenset(wet.readings), COORDINATES | dict.fromkeys(group, value))
    evaluate(INDICES, spoilt)
    for index in INDICES:
        if any(need.name == name for need in index_needs(index.name)):
            found = lacks.of_index(index, there)
            possible = name not in PROPERTIES or PROPERTIES[name].can_be(value)
            assert possible or found is not None, index.name


def test_the_highest_mark_known_is_told_by_its_own_number():
    nan = np.nan
    marks = np.array([[nan, 12.0, 14.0, nan], [10.0, nan, nan, nan], [10.0, 12.0, 14.0, 16.0]])
    assert marks_reached(np.array([12.5, 12.5, 14.0]), marks).tolist() == [2, 1, 3]
    assert marks_reached(np.array([14.5, 9.0, 20.0]), marks).tolist() == [3, 0, 4]


@pytest.mark.parametrize("why", list(Why))
def test_every_reason_has_its_words(why):
    for language in ("vi", "en"):
        said = words(why, ["x"], language, holds=True)
        assert "{" not in said
        assert len(said) > 10
    assert words(99, [], "vi") == "(99)", "of a newer version"


# --- through marks, engine and tables ---


def told(database, kind="rule"):
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT name, reason, lacks, holds FROM unjudged WHERE kind = %s ORDER BY name", (kind,)
        ).fetchall()
    return {name: (Why(reason), tuple(lacking), holds) for name, reason, lacking, holds in rows}


def test_unset_susceptibility_stands_in_the_table_until_it_is_set(database):
    place = rain(database, [DRY, DRY, WET_DAY, WET_DAY, STORM])
    found = told(database)
    assert found["flash_flood_rain"] == (
        Why.PROPERTY, ("flash_flood_susceptibility", "flash_flood_region"), True,
    )  # fmt: skip
    assert found["cold_spell"] == (Why.SENSOR, ("air_temperature",), False)
    assert "heavy_rain" not in found, "what is measured is judged"
    assert found["intense_rain_10min"][0] is Why.SELDOM, "an hourly gauge says nothing of ten minutes"
    with psycopg.connect(database) as connection:
        connection.execute(
            """UPDATE place SET properties = '{"flash_flood_susceptibility": 3, "flash_flood_region": 2}' WHERE id = %s""",
            (place,),
        )
    asyncio.run(settle(database, START + timedelta(days=4) + HOUR * 15))
    assert "flash_flood_rain" not in told(database)


@pytest.mark.parametrize("value", ["2.5", "9", '"cao"', "true"])
def test_an_impossible_susceptibility_is_told(database, value):
    rain(database, [DRY, STORM])
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE place SET properties = %s", (f'{{"flash_flood_susceptibility": {value}, "flash_flood_region": 2}}',)
        )
    asyncio.run(settle(database, START + timedelta(days=1) + HOUR * 15))
    why, names, holds = told(database)["flash_flood_rain"]
    assert (names, holds) == (("flash_flood_susceptibility",), True)
    assert why in (Why.OUTSIDE, Why.PROPERTY)


def test_not_defined_by_rain_alone_stands_in_the_table_while_it_is_so(database):
    set_ = {"flash_flood_susceptibility": 3, "flash_flood_region": 2}
    storm = [0.0] * 9 + [14.0, 99.0, 60.0, 40.0]
    place = rain(database, [DRY] * 5 + [storm], set_)
    assert told(database)["flash_flood_rain"] == (Why.UNDEFINED, (), False)
    with psycopg.connect(database) as connection:
        stream = connection.execute("SELECT id FROM datastream WHERE place = %s", (place,)).fetchone()[0]
    later = [(START + timedelta(days=5) + HOUR * (13 + hour), 0.0) for hour in range(40)]
    deliver(database, stream, later)
    asyncio.run(settle(database, START + timedelta(days=5) + HOUR * 53))
    assert "flash_flood_rain" not in told(database)


def test_a_gauge_that_fell_silent_is_told_after_its_patience(database):
    rain(database, [DRY, DRY], {"flash_flood_susceptibility": 3, "flash_flood_region": 2})
    assert "heavy_rain" not in told(database)
    with psycopg.connect(database) as connection:
        connection.execute("SELECT mark_places(array_agg(id), %s, %s, 'place') FROM place", (START, START))
    asyncio.run(settle(database, START + timedelta(days=5)))
    assert told(database)["heavy_rain"] == (Why.READINGS, (), False)
    assert told(database)["flash_flood_rain"] == (Why.READINGS, (), False)


def test_a_river_without_marks_is_told(database):
    place, streams = station(database, kind="reservoir", quantities=("water_level",))
    level = [(START + HOUR * hour, 10.0 + hour / 10) for hour in range(48)]
    deliver(database, streams["water_level"], level)
    now = START + timedelta(days=2)
    asyncio.run(settle(database, now))
    assert told(database)["water_marks"] == (Why.PROPERTY, ("mark_1", "mark_2", "mark_3"), False)
    assert "water_rise" not in told(database)
    with psycopg.connect(database) as connection:
        connection.execute("""UPDATE place SET properties = '{"mark_2": 12}' WHERE id = %s""", (place,))
    asyncio.run(settle(database, now))
    assert told(database)["water_marks"] == (Why.PROPERTY, ("mark_1", "mark_3"), True)
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT level FROM alert WHERE rule = 'water_marks'").fetchall()
    assert found == [(2,)], "the second mark is told by its number though the first is not known"


def test_a_crop_of_which_too_little_is_known_is_told(database):
    place, streams = station(database, kind="field")
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO season (place, crop, sown) VALUES (%s, 'star_anise', %s)", (place, date(2026, 1, 1))
        )
    deliver(database, streams["air_temperature"], [(START + HOUR * hour, 15.0) for hour in range(72)])
    asyncio.run(settle(database, START + timedelta(days=3)))
    why, names, holds = told(database)["irrigation_due"]
    assert (why, holds) == (Why.PROPERTY, False)
    assert {"kc_middle", "root_most", "depletion"} <= set(names)
    assert BY_NAME["irrigation_due"].season


def test_preview_list_and_explain_say_what_is_not_known(database, monkeypatch):
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)
    rain(database, [DRY] * 3 + [[0.0] * 9 + [14.0, 99.0, 60.0, 40.0] + [0.0] * 11, [0.0] * 6])
    run = CliRunner().invoke

    def said(application, *arguments):
        found = run(application, list(arguments))
        assert found.exit_code == 0, found.output
        return found.output

    told_of = said(rule_app, "preview", "flash_flood_rain", "--place", "ls01", "--days", "10", "--last", "2026-01-14")
    assert "not judged 1 places today: not defined by rain alone (ls01)" in told_of
    assert "place-days: no level could be seen" in told_of
    assert "no sensor  at 1 places" in said(rule_app, "preview", "cold_spell", "--place", "ls01", "--days", "9")
    listed = {row["name"]: row for row in json.loads(said(rule_app, "list", "--json"))}
    assert any("flash_flood_region" in line for line in listed["flash_flood_rain"]["unknown"])
    explained = said(analytics_app, "explain", "ls01", "2026-01-12", "flash_flood_rain_level")
    assert "not known: unset: flash_flood_susceptibility, flash_flood_region (taken meanwhile:" in explained
    assert "not defined by rain alone" in said(analytics_app, "explain", "ls01", "2026-01-13", "flash_flood_rain_level")
    kbdi = run(analytics_app, ["explain", "ls01", "2026-01-12", "keetch_byram_drought_index"])
    assert "air_temperature" in kbdi.output
