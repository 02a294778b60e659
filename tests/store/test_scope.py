"""Whose rows a query may show: nothing beside everything, the roots that are given and what is open."""

from itertools import product

import psycopg
import pytest
from psycopg import AsyncConnection

from store import visible, visible_row
from store.scope import PUBLIC, Scope

#: Code → (kind, parent); what lies at or below a farm is private.
PLACES = {
    "ls": ("province", None),
    "hl": ("commune", "ls"),
    "hl-1": ("station", "hl"),
    "farm": ("farm", "hl"),
    "field": ("field", "farm"),
    "farm-st": ("station", "farm"),
    "cl": ("commune", "ls"),
    "cl-1": ("station", "cl"),
    "pond": ("pond", "cl"),
}
PRIVATE = {"farm", "field", "farm-st", "pond"}


@pytest.fixture
def places(database):
    ids = {}
    with psycopg.connect(database) as connection:
        for code, (kind, parent) in PLACES.items():
            ids[code] = connection.execute(
                "INSERT INTO place (code, kind, name, parent) VALUES (%s, %s, %s, %s) RETURNING id",
                (code, kind, code, ids.get(parent)),
            ).fetchone()[0]
        connection.execute(
            "INSERT INTO datastream (place, quantity) SELECT id, 'air_temperature' FROM place WHERE kind = 'station'"
        )
        connection.execute(
            "INSERT INTO latest (phenomenon_time, result, datastream_id, batch_id, flag) SELECT now(), 20.5, id, 1, 1 FROM datastream"
        )
    return ids


def at_or_below(code, roots):
    while code is not None:
        if code in roots:
            return True
        code = PLACES[code][1]
    return False


async def test_exactly_what_the_scope_says_is_shown(database, places):
    listing = {"after": 0, "limit": 100, "state": None, "within": None}
    async with await AsyncConnection.connect(database) as connection:
        for everything, opened, roots in product(
            (False, True), (False, True), [(), ("farm",), ("cl",), ("ls",), ("farm-st", "pond"), ("field", "hl")]
        ):
            asker = Scope(everything, tuple(places[root] for root in roots), opened)
            expected = {
                code for code in PLACES if everything or (opened and code not in PRIVATE) or at_or_below(code, roots)
            }
            found = await visible.rows(connection, visible_row.Place, "places", asker, **listing)
            assert {row["code"] for row in found} == expected, asker
            assert [row["id"] for row in found] == sorted(row["id"] for row in found)
            for code in PLACES:
                one = await visible.row(connection, visible_row.Place, "place", asker, code=code)
                assert (one is not None) == (code in expected), (asker, code)


async def test_who_says_nothing_sees_what_is_open_alone_and_no_scope_shows_nothing(database, places):
    assert Scope().parameters() == {"everything": False, "roots": [], "open": False}
    assert PUBLIC.parameters() == {"everything": False, "roots": [], "open": True}
    assert Scope(True, (3, 4), False).parameters() == {"everything": True, "roots": [3, 4], "open": False}
    async with await AsyncConnection.connect(database) as connection:
        listing = {"after": 0, "limit": 100, "state": None, "within": None}
        found = await visible.rows(connection, visible_row.Place, "places", PUBLIC, **listing)
        assert {row["code"] for row in found} == set(PLACES) - PRIVATE
        first = await visible.row(connection, visible_row.Place, "places", PUBLIC, **listing)
        assert first == found[0]
        assert (
            await visible.row(connection, visible_row.Place, "places", PUBLIC, **(listing | {"state": "gateway"}))
            is None
        )
        assert await visible.row(connection, visible_row.Place, "place", PUBLIC, code="farm") is None


async def test_the_latest_readings_are_of_the_same_scope(database, places):
    async with await AsyncConnection.connect(database) as connection:
        for asker, expected in [
            (PUBLIC, ["cl-1", "hl-1"]),
            (Scope(roots=(places["farm"],), open=True), ["cl-1", "farm-st", "hl-1"]),
            (Scope(roots=(places["farm"],)), ["farm-st"]),
            (Scope(), []),
        ]:
            found = await visible.rows(
                connection, visible_row.Latest, "latest", asker, code=None, quantity=None, limit=100
            )
            assert [row["station"] for row in found] == expected
            assert all(row["value"] == 20.5 for row in found)
