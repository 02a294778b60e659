"""Seasons and what only people know of places, through the command, as an operator types it."""

import importlib
import json

import psycopg
import pytest
from typer.testing import CliRunner

from nongvu import ROOMS
from store.work import spots


@pytest.fixture
def nongvu(database, monkeypatch):
    """The command, within this process."""
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)

    def call(line, code=0):
        room, *arguments = line.split()
        where = ROOMS[room]
        done = CliRunner().invoke(getattr(importlib.import_module(where.module), where.attribute), arguments)
        assert done.exit_code == code, done.output + repr(done.exception)
        return done.output

    return call


@pytest.fixture
def fields(nongvu, database):
    """A commune with a station and a field that it speaks for."""
    nongvu("place add huu-lung commune HL")
    nongvu("place add st-1 station S --parent huu-lung")
    nongvu("place add field-1 field F --parent huu-lung")
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO datastream (place, quantity) SELECT id, 'air_temperature' FROM place WHERE code = 'st-1'"
        )
    nongvu("place feed field-1 st-1")
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM mark")
    return nongvu


def marks(database):
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "SELECT place.code, cause, from_time::text FROM mark JOIN place ON place.id = mark.place ORDER BY 1, 2"
        ).fetchall()
        connection.execute("DELETE FROM mark")
    return found


def test_a_season_is_added_once_known_better_and_ended(fields, database):
    assert "added: season" in fields("season add field-1 maize --sown 2026-02-10 --property field_capacity=0.31")
    assert marks(database) == [("field-1", "season", "2026-02-10 00:00:00+00")]
    assert "brought up to date" in fields("season add field-1 maize --sown 10/02/2026 --variety LVN10")
    (row,) = json.loads(fields("season list --json"))
    assert row["properties"] == {"field_capacity": 0.31}
    assert (row["variety"], row["sown"], row["ended"]) == ("LVN10", "2026-02-10", None)
    fields(f"season set {row['id']} wilting_point=0,14 field_capacity=")
    fields(f"season end {row['id']} --on 2026-06-01")
    assert {cause for _, cause, _ in marks(database)} == {"season"}
    (row,) = json.loads(fields("season list --below huu-lung --json"))
    assert (row["properties"], row["ended"]) == ({"wilting_point": 0.14}, "2026-06-01")
    assert fields("season list --open") == ""
    with psycopg.connect(database) as connection:
        actions = connection.execute("SELECT action FROM audit WHERE action LIKE 'season%' ORDER BY id").fetchall()
    assert [action for (action,) in actions] == ["season put", "season put", "season set", "season end"]


def test_a_list_of_seasons_is_all_or_nothing(fields, tmp_path):
    file = tmp_path / "seasons.csv"
    file.write_text(
        "place,crop,sown,variety,ended,field_capacity\n"
        "field-1,rice_spring,10/02/2026,Khang dân,,0.3\nfield-2,maize,2026-03-01,,,\n"
    )
    assert "no place 'field-2'" in fields(f"season import {file}", code=1)
    assert json.loads(fields("season list --json")) == []
    file.write_text(
        "place,crop,sown,variety,ended,field_capacity\n"
        "field-1,rice_spring,10/02/2026,Khang dân,,0.3\nfield-1,millet,2026-03-01,,2026-05-01,\n"
    )
    said = fields(f"season import {file}")
    assert "2 seasons added" in said
    assert "'millet' is not in the crop table" in said
    assert "0 seasons added, 2 brought up to date" in fields(f"season import {file}")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("season add nowhere maize --sown 2026-02-10", "no place 'nowhere'"),
        ("season add field-1 maize --sown tomorrow", "no day"),
        ("season add field-1 maize --sown 2026-02-10 --ended 2026-01-10", "cannot end"),
        ("season add field-1 maize --sown 2026-02-10 --property filed_capacity=0.3", "do you mean 'field_capacity'"),
        ("season add field-1 maize --sown 2026-02-10 --property field_capacity=31", "0.01 to 0.8 m3/m3"),
        ("season add field-1 maize --sown 2026-02-10 --property field_capacity", "write name=value"),
        ("season end 77", "no season 77"),
        ("season set 77 field_capacity=0.3", "no season 77"),
        ("place feed nowhere st-1", "no place 'nowhere'"),
        ("place feed field-1 huu-lung", "no datastreams yet"),
        ("place feed st-1 st-1", "always speak for it"),
        ("place feed field-1 st-1 --quantity precipitation", "no datastream of precipitation"),
        ("place set nowhere mark_1=3", "no place 'nowhere'"),
        ("place set field-1 mark_1=deep", "-500 to 9000 m"),
        ("place set field-1 kc_middle=1", "no property"),
        ("place add f field F --property colour=3", "no property"),
    ],
)
def test_what_cannot_be_is_said_in_words(fields, line, says):
    assert says in fields(line, code=1)


async def test_what_is_said_of_a_place_holds_below_it_and_is_computed_anew(fields, database):
    fields("place set huu-lung annual_precipitation=1400 mark_1=3")
    assert marks(database) == [("field-1", "place", "-infinity"), ("st-1", "place", "-infinity")]
    fields("place set field-1 annual_precipitation=1650")
    assert marks(database) == [("field-1", "place", "-infinity")]
    fields("place set field-1 annual_precipitation=1650")
    assert marks(database) == [], "nothing changed"
    async with await psycopg.AsyncConnection.connect(database) as connection:
        rows = await (await connection.execute("SELECT id FROM place WHERE code IN ('st-1', 'field-1')")).fetchall()
        known = {spot.code: spot.properties for spot in (await spots(connection, [row[0] for row in rows])).values()}
    assert known == {
        "st-1": {"annual_precipitation": 1400, "mark_1": 3},
        "field-1": {"annual_precipitation": 1650, "mark_1": 3},
    }


def test_who_speaks_for_a_field_is_said_once_and_ends(fields, database):
    assert "0 datastreams more" in fields("place feed field-1 st-1")
    assert marks(database) == []
    assert "1 datastreams speak no more" in fields("place feed field-1 st-1 --until 01/03/2026")
    assert marks(database) == [("field-1", "feeds", "2026-02-28 17:00:00+00")]
    assert "1 datastreams more" in fields("place feed field-1 st-1 --since 2026-04-01 --quantity air_temperature")
    with psycopg.connect(database) as connection:
        spans = connection.execute("SELECT valid_from::text, valid_to::text FROM feeds ORDER BY valid_from").fetchall()
    assert spans == [("-infinity", "2026-02-28 17:00:00+00"), ("2026-03-31 17:00:00+00", "infinity")]


def test_a_list_of_places_carries_properties(fields, tmp_path):
    file = tmp_path / "places.csv"
    file.write_text(
        'code,kind,name,parent,mark_1,mark_2\nky-cung,river,Kỳ Cùng,huu-lung,"3,5",4.2\nsong-trung,river,Trung,,,\n'
    )
    assert "2 places" in fields(f"place import {file}")
    file.write_text("code,kind,name,mark1\nky-cung,river,Kỳ Cùng,3\n")
    assert "do you mean 'mark_1'" in fields(f"place import {file}", code=1)


def test_what_can_be_said_is_listed(fields):
    assert "annual_precipitation" in fields("place properties")
    assert json.loads(fields("season properties --json"))["kc_middle"]["maximum"] == 2.0
