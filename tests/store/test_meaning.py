"""What analytics writes: alerts and their steps, states of indices, what cannot be judged, what is scored, the catalogue."""

from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from psycopg import AsyncConnection

from store import alert, catalogue, index_state, skill, unjudged
from store.alert import AlertKey
from store.index_state import States
from store.unjudged import Unjudged
from telemetry.unknown import Why

NOW = datetime(2026, 1, 15, 3, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def places(database):
    with psycopg.connect(database) as connection:
        return [
            connection.execute(
                "INSERT INTO place (code, kind, name) VALUES (%s, 'station', 'x') RETURNING id", (code,)
            ).fetchone()[0]
            for code in ("s-1", "s-2")
        ]


def rows(database, statement):
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        return connection.execute(statement).fetchall()


def episode(place, started=NOW, ended=None, rule="cold_spell", level=1, **rest):
    return {
        "rule": rule, "hazard": "cold", "place": place, "subject": 0, "basis": "observed",
        "state": "ended" if ended else "open", "level": level, "started": started, "ended": ended,
        "course": [[int(started.timestamp()), level]], "values": {},
    } | rest  # fmt: skip


def step(number, of, kind="open", stale=False, **values):
    return {"alert": of, "number": number, "kind": kind, "level": 1, "at": NOW, "known_at": NOW + number * HOUR,
            "expires": NOW + DAY + number * HOUR, "stale": stale, "values": values, "texts": {}, "past": False}  # fmt: skip


async def test_an_episode_is_opened_told_changed_and_cancelled(database, places):
    place = places[0]
    async with await AsyncConnection.connect(database) as connection:
        cursor = connection.cursor()
        assert await alert.open_new(cursor, []) == {}
        ids = await alert.open_new(cursor, [episode(place), episode(place, NOW - 5 * DAY, NOW - 3 * DAY)])
        key = AlertKey("cold_spell", place, 0, "observed")
        going, over = ids[key, NOW], ids[key, NOW - 5 * DAY]
        await alert.say(cursor, [])
        await alert.say(cursor, [step(1, going, through="2026-01-14", worst=4.5), step(2, going, "extend", through="2026-01-15"),
                                 step(3, going, "update", stale=True)])  # fmt: skip
        await connection.commit()
        found = await alert.current(connection, [place], [NOW - 3 * DAY])
        assert [one.id for one in found] == [over, going], (
            "what ended at the moment itself is current, in order of start"
        )
        assert [one.id for one in await alert.current(connection, [place], [NOW - 3 * DAY + HOUR])] == [going]
        assert await alert.current(connection, [places[1]], [NOW - 9 * DAY]) == []
        old, new = found
        assert (old.steps, old.expires, old.people_at, old.key) == (0, None, None, key)
        assert (new.steps, new.expires, new.through) == (3, NOW + DAY + 3 * HOUR, None)
        # people were told by the first alone: the second is for machines, the third is stale
        assert (new.people_at, new.people_through, new.people_worst) == (NOW + HOUR, "2026-01-14", 4.5)

        # one ends and another opens in its place, in whatever order they are given
        await alert.change(
            cursor, [episode(place, NOW - 5 * DAY, level=2, id=over), episode(place, NOW, NOW + HOUR, id=going)]
        )
        found = await alert.current(connection, [place], [NOW - 9 * DAY])
        assert [(one.id, one.state, one.level, one.ended) for one in found] == [
            (over, "open", 2, None), (going, "ended", 1, NOW + HOUR),
        ]  # fmt: skip
        await alert.cancel(cursor, [], NOW)
        await alert.cancel(cursor, [over, going], NOW + 2 * HOUR)
        await alert.succeed(cursor, {})
        await alert.succeed(cursor, {going: over})
        await connection.commit()
        assert await alert.current(connection, [place], [NOW - 9 * DAY]) == [], "they never were"
    assert rows(database, "SELECT id, state, ended, successor FROM alert ORDER BY started") == [
        (over, "cancelled", NOW + 2 * HOUR, None), (going, "cancelled", NOW + HOUR, over),
    ]  # fmt: skip


async def test_steps_wait_for_notify_but_for_history_that_nobody_was_told_of(database, places):
    async with await AsyncConnection.connect(database) as connection:
        cursor = connection.cursor()
        ids = await alert.open_new(cursor, [episode(places[0]), episode(places[1])])
        first, second = sorted(ids.values())
        past = {"past": True, "values": {"past": True}}
        await alert.say(cursor, [step(1, first), step(1, second) | past])
        await alert.say(cursor, [step(2, first) | past, step(2, second) | past])
        await connection.commit()
    waiting = rows(database, "SELECT alert, number FROM alert_step JOIN due ON topic = alert_step.id::text"
                             " WHERE owner = 'notify' AND due.kind = 'step' AND due.at = known_at ORDER BY 1, 2")  # fmt: skip
    assert waiting == [(first, 1), (first, 2)], "what was told is told on, what was not stays history"


def states(place, time, *numbers, index="dryness", subject=0):
    one = {"place": [place], "index": [index], "subject": [subject], "length": [len(numbers)]}
    return States(
        *(np.array(one[name], kind) for name, kind in (("place", "i4"), ("index", object), ("subject", "i4"))),
        np.array([time.replace(tzinfo=None)], "M8[us]"), np.array(one["length"], "i4"), np.array(numbers, "f8"),
    )  # fmt: skip


async def test_states_of_different_lengths_come_back_as_they_were(database, places):
    async with await AsyncConnection.connect(database) as connection:
        cursor = connection.cursor()
        await index_state.write(cursor, [])
        parts = [
            states(places[0], NOW, 1.5),
            states(places[0], NOW, 2.0, 3.0, np.nan, index="fire", subject=7),
            states(places[1], NOW, 4.0, 5.0),
        ]
        await index_state.write(cursor, [*parts, states(places[0], NOW + DAY, 9.0)])
        await index_state.write(cursor, [states(places[0], NOW, 8.0)], "2026-01-15 00:00+00")
        found = await index_state.read(connection, places, [NOW, NOW])
        key = index_state.StateKey
        assert found.keys() == {key(places[0], "dryness", 0), key(places[0], "fire", 7), key(places[1], "dryness", 0)}
        assert found[key(places[0], "dryness", 0)] == [1.5]
        np.testing.assert_array_equal(found[key(places[0], "fire", 7)], [2.0, 3.0, np.nan])
        assert found[key(places[1], "dryness", 0)] == [4.0, 5.0]
        assert await index_state.read(connection, [places[0]], [NOW], "2026-01-15 00:00+00") == {
            key(places[0], "dryness", 0): [8.0]
        }
        await index_state.write(cursor, [states(places[0], NOW, 1.25)])
        assert (await index_state.read(connection, [places[0]], [NOW]))[key(places[0], "dryness", 0)] == [1.25]
        # from the moment itself on, of that place, of what was observed
        await index_state.clear(cursor, [places[0]], [NOW + DAY])
        assert await index_state.read(connection, [places[0]], [NOW + DAY]) == {}
        assert len(await index_state.read(connection, places, [NOW, NOW])) == 3
        await index_state.clear(cursor, [places[0]], [NOW])
        assert set(await index_state.read(connection, places, [NOW, NOW])) == {key(places[1], "dryness", 0)}
        assert len(await index_state.read(connection, [places[0]], [NOW], "2026-01-15 00:00+00")) == 1


async def test_what_cannot_be_judged_becomes_what_is_given(database, places):
    lacking = int(Why.PROPERTY)
    listed = "SELECT place, kind, name, reason, lacks, holds FROM unjudged ORDER BY place, name"
    async with await AsyncConnection.connect(database) as connection:
        cursor = connection.cursor()
        await unjudged.replace(cursor, places, [
            Unjudged(places[0], "rule", "frost", 0, lacking, ("elevation", "latitude"), True),
            Unjudged(places[0], "rule", "heat", 0, int(Why.SENSOR), ("air_temperature",)),
            Unjudged(places[1], "rule", "frost", 0, lacking, ("elevation", "latitude"), True),
            Unjudged(places[1], "index", "dryness", 3, lacking),
        ])  # fmt: skip
        # a row without a reason stays, what is not named goes, of places that are asked alone
        await unjudged.replace(
            cursor, [places[0]], [Unjudged(places[0], "rule", "frost", 0, 0), Unjudged(places[0], "rule", "wind", 0, 0)]
        )
        await connection.commit()
        assert rows(database, listed) == [
            (places[0], "rule", "frost", lacking, ["elevation", "latitude"], True),
            (places[1], "index", "dryness", lacking, [], False),
            (places[1], "rule", "frost", lacking, ["elevation", "latitude"], True),
        ]
        await unjudged.replace(cursor, [places[1]], [Unjudged(places[1], "rule", "heat", 0, int(Why.SENSOR), ("air_temperature",)),
                                                     Unjudged(places[1], "rule", "frost", 0, lacking, ("elevation", "latitude"), True)])  # fmt: skip
        counted = await unjudged.counted(connection)
        assert counted == [
            unjudged.Counted("rule", "frost", lacking, ["elevation", "latitude"], True, 2, ["s-1", "s-2"])
        ]
        assert await unjudged.counted(connection, "heat") == [], "where nothing measures it there is nothing to set"
        assert (await unjudged.counted(connection, "frost", [places[1]]))[0].places == 1
        assert await unjudged.unmeasured(connection, "heat", places) == 1
        assert (
            await unjudged.unmeasured(connection, "heat", [places[0]])
            == await unjudged.unmeasured(connection, "frost", places)
            == 0
        )
        await connection.commit()
    with psycopg.connect(database) as connection:
        assert unjudged.counted_now(connection) == counted


async def test_what_is_scored(database, places):
    async with await AsyncConnection.connect(database) as connection:
        cursor = connection.cursor()
        given = [
            episode(places[0], NOW, NOW + 6 * HOUR, level=2),
            episode(places[0], NOW + DAY),
            episode(places[1], NOW - 9 * DAY, NOW - 8 * DAY),
            episode(places[1], NOW, NOW + HOUR, rule="frost"),
        ]
        await alert.open_new(cursor, given)

        async def scored(level=1, first=NOW, last=NOW + 2 * DAY):
            found = await skill.episodes(connection, "cold_spell", level, first, last, NOW + 2 * DAY)
            return [(code, begin - int(NOW.timestamp()), end - int(NOW.timestamp())) for code, begin, end in found]

        assert await scored() == [("s-1", 0, 21_600), ("s-1", 86_400, 172_800)], "one that is open goes on to now"
        assert await scored(level=2) == [("s-1", 0, 21_600)]
        assert await scored(level=3) == []
        # what ends as the span begins, or begins as it ends, is not of it
        assert await scored(first=NOW + 6 * HOUR) == [("s-1", 86_400, 172_800)]
        assert await scored(first=NOW + 6 * HOUR - timedelta(seconds=1), last=NOW + DAY) == [("s-1", 0, 21_600)]


async def test_forecasts_beside_what_came_and_what_was(database, places):
    issue = datetime(2026, 1, 14, tzinfo=UTC)
    valid = issue + DAY + 6 * HOUR
    with psycopg.connect(database) as connection:
        stream = connection.execute(
            "INSERT INTO datastream (place, quantity) VALUES (%s, 'air_temperature') RETURNING id", (places[0],)
        ).fetchone()[0]
        for time, value, flag in [(valid, 10.0, 0), (valid + HOUR / 2, 12.0, 1), (valid + HOUR / 3, 99.0, 4), (valid + HOUR, 50.0, 1),
                                  (issue, 7.0, 1), (issue - HOUR, 50.0, 1)]:  # fmt: skip
            connection.execute("INSERT INTO reading VALUES (%s, %s, %s, %s, 1)", (time, value, stream, flag))
        for place in places:
            connection.execute(
                "INSERT INTO forecast (place, quantity, reference_time, valid_time, value, source) VALUES (%s, 'air_temperature', %s, %s, 9, 'x')",
                (place, issue, valid),
            )
    async with await AsyncConnection.connect(database) as connection:
        met = skill.Met("air_temperature", 1, 9.0, 11.0, 7.0)
        assert await skill.forecasts(connection, "s-1", valid, valid + HOUR) == [met]
        assert await skill.forecasts(connection, "s-2", valid, valid + HOUR) == [
            met._replace(observed=None, persistence=None)
        ]
        assert len(await skill.forecasts(connection, None, valid, valid + HOUR)) == 2
        assert await skill.forecasts(connection, None, valid - HOUR, valid) == []
        assert await skill.index_forecasts(connection, None, valid - DAY, valid + DAY) == []


def test_the_catalogue_becomes_what_the_shelves_say(database):
    def entries():
        return {(kind, name): entry for kind, name, entry in rows(database, "SELECT kind, name, entry FROM catalogue")}

    before = entries()
    assert {"quantity", "index", "rule", "crop"} <= {kind for kind, _ in before}
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE catalogue SET entry = '{}' WHERE kind = 'rule'")
        connection.execute(
            "INSERT INTO catalogue (kind, name, entry) VALUES ('rule', 'of_yesterday', '{}'), ('sensor_model', 'own', '{}')"
        )
        connection.execute("DELETE FROM catalogue WHERE kind = 'index'")
        catalogue.load(connection)
    after = entries()
    assert after.pop(("sensor_model", "own"), None) in ({}, None)
    assert after == before
