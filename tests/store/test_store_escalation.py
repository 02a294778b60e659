"""Whether a bundle is said again: who took charge, what goes on, and what the commune's loudspeaker says already."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from store import bundle, delivery, escalation

NOW = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)


@pytest.fixture
async def connection(database):
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        yield connection


async def one(connection, sql, *values):
    return (await (await connection.execute(sql, values)).fetchone())[0]


async def place(connection, code, kind):
    return await one(
        connection, "INSERT INTO place (code, kind, name) VALUES (%s, %s, %s) RETURNING id", code, kind, code
    )


async def told(connection, commune, *, level=2):
    """A bundle of one alert of the rule ``cold``: the alert and the bundle."""
    alert = await one(
        connection,
        "INSERT INTO alert (rule, hazard, place, basis, level, started)"
        " VALUES ('cold', 'cold', %s, 'observed', %s, %s) RETURNING id",
        commune, level, NOW,
    )  # fmt: skip
    step = await one(
        connection,
        "INSERT INTO alert_step (alert, number, kind, level, at, known_at, expires, texts)"
        " VALUES (%s, 1, 'open', %s, %s, %s, %s, '{}') RETURNING id",
        alert, level, NOW, NOW, NOW,
    )  # fmt: skip
    made = await bundle.insert(
        connection, [step], commune=commune, hazard="cold", kind="open", level=level, at=NOW, expires=NOW,
        outcome="expanded", exercise=False,
    )  # fmt: skip
    return alert, made, step


async def test_a_bundle_goes_on_until_its_alerts_end(connection):
    alert, made, step = await told(connection, await place(connection, "x", "commune"))
    assert await escalation.step_ids(connection, made.id) == [step]
    assert await escalation.goes_on(connection, made.id)
    await connection.execute("UPDATE alert SET state = 'ended', ended = %s WHERE id = %s", [NOW, alert])
    assert not await escalation.goes_on(connection, made.id)


async def test_a_bundle_is_acknowledged_once_somebody_says_so(connection):
    _, made, _ = await told(connection, await place(connection, "x", "commune"))
    assert not await escalation.acknowledged(connection, made.id)
    await connection.execute("INSERT INTO acknowledgement (bundle, who, at) VALUES (%s, 'x', %s)", [made.id, NOW])
    assert await escalation.acknowledged(connection, made.id)
    assert not await escalation.acknowledged(connection, made.id + 1)


@pytest.mark.parametrize(
    ("level", "rule", "hours", "said"),
    [(2, "cold", 0, True), (1, "cold", 0, True), (3, "cold", 0, False), (2, "heat", 0, False), (2, "cold", 2, False)],
)
async def test_what_an_earlier_bundle_has_said_aloud_is_not_said_again(connection, level, rule, hours, said):
    commune = await place(connection, "x", "commune")
    await connection.execute("""INSERT INTO catalogue (kind, name, entry) VALUES ('rule', 'cold', '{"proxy": true}')""")
    _, earlier, _ = await told(connection, commune)
    await connection.execute(
        "INSERT INTO broadcast (about, place, class, state, language, text, spoken, at, play_from, expires)"
        " VALUES (%s, %s, 'khan_cap', 'ready', 'vi', '', '', %s, %s, %s)",
        [f"bundle:{earlier.id}", commune, NOW, NOW, NOW + timedelta(hours=1)],
    )
    later = replace(earlier, id=earlier.id + 1, level=level)
    assert await escalation.said_aloud(connection, later, {rule}, NOW + timedelta(hours=hours)) is said
    assert not await escalation.said_aloud(connection, earlier, {rule}, NOW), "nor does a bundle silence itself"


async def test_places_of_messages_have_names(connection):
    number = await place(connection, "x", "commune")
    await place(connection, "field", "field")
    assert await delivery.place_names(connection) == {number: "x"}
