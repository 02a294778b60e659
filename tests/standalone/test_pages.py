"""Every route for every role in both languages over the demo's own tables, and over tables that other versions wrote."""

import contextlib
import json
import random
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher
from fastapi.routing import APIRoute
from psycopg import sql

from standalone.demonstration import PROVINCE
from store import access
from tests.api.conftest import client_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("replay")]
PASSWORD = "một mật khẩu dài"
LANGUAGES = ("vi", "en")
#: Endless: tests/api/test_stream.py opens it.
ENDLESS = {"/v1/stream"}
#: What may be said to somebody who may not, or who named what is not there.
REFUSALS = {401, 403, 404, 405, 422}


def routes(app: object) -> list[APIRoute]:
    """Every route of the application's table, also of routers within routers."""
    found = []
    for route in app.routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if hasattr(route, "methods") and hasattr(route, "path"):
            found.append(route)
        elif inner is not None:
            found += routes(inner)
    return found


class Until:
    """Event time stands where the demo ended."""

    def __init__(self, end: object) -> None:
        self._end = end

    def now(self) -> object:
        return self._end


@asynccontextmanager
async def opened(url: str, end: object) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(url) as client:
        client.resources.clock = Until(end)
        yield client


def enrol(url: str) -> None:
    """An account of each role at the whole province, one without any, and something that waits for a word."""
    hashed = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
    with psycopg.connect(url) as connection:
        for role in (*access.ROLES, "nobody"):
            access.add_account(connection, role, role, password=hashed)
            if role in access.ROLES:
                access.grant(connection, role, role, None if role == "administrator" else PROVINCE)
        connection.execute(
            "INSERT INTO request (kind, topic, who, state, answer) VALUES ('preview', %s, 'administrator', 'done', %s)",
            [json.dumps({"rule": "heat", "place": "lga", "from": "2013-06-01", "to": "2013-06-08"}),
             json.dumps({"now": {"episodes": 1, "days": {"1": 2}, "longest_days": 2},
                         "then": {"episodes": 0, "days": {}, "longest_days": 0}})],
        )  # fmt: skip
        connection.execute(
            "INSERT INTO approval (kind, topic, title, asked_at, expires) SELECT 'bulletin', 'bulletin:' || id, 'Bản tin',"
            " now(), now() + interval '1000 days' FROM bulletin LIMIT 1"
        )


def examples(url: str) -> dict[str, list[str]]:
    """Values that stand in the tables for the parameters of paths."""
    with psycopg.connect(url) as connection:

        def of(text: str) -> list[str]:
            return [str(value) for (value,) in connection.execute(text).fetchall()]

        return {
            "code": [*of("SELECT code FROM place WHERE kind = 'station' OR id < 3 ORDER BY id"), "nowhere"],
            "id": of("SELECT id FROM alert ORDER BY id LIMIT 2") + of("SELECT id FROM request"),
            "number": of("SELECT id FROM alert ORDER BY id LIMIT 1"),
            "name": [*of("SELECT name FROM document ORDER BY id LIMIT 3"), "nothing.xml"],
            "rule": ["heat"],
            "route": ["esms"],
            "path": ["", "Things", "Datastreams?$expand=Thing,Sensor,Observations($top=2)", "Observations?$top=3",
                     "Locations", "HistoricalLocations", "Sensors", "ObservedProperties", "FeaturesOfInterest"],
        }  # fmt: skip


def addresses(app: object, known: dict[str, list[str]]) -> Iterator[str]:
    for route in routes(app):
        if "GET" not in route.methods or route.path in ENDLESS:
            continue
        names = re.findall(r"{(\w+)(?::path)?}", route.path)
        for value in known[names[0]] if names else [""]:
            yield re.sub(r"{\w+(?::path)?}", value, route.path)
        if route.path == "/":
            yield from (f"/?station={code}&days=7" for code in known["code"])
        if route.path == "/office/rules":
            yield from (f"/office/rules?asked={number}" for number in known["id"])


def spoken(address: str, language: str) -> str:
    return address if "/v1" in address else f"{address}{'&' if '?' in address else '?'}lang={language}"


async def test_every_route_opens_or_refuses_for_every_role_in_both_languages(demonstrated) -> None:
    wrong, opened_pages = [], set()
    with demonstrated.copied() as url:
        enrol(url)
        with psycopg.connect(url) as connection:
            said = connection.execute("SELECT status FROM gateway WHERE status ->> 'online' = 'true'").fetchall()
            assert said, "the demo's gateways are well"
            assert connection.execute("SELECT count(*) FROM alert WHERE state = 'open'").fetchone() > (0,)
        known = examples(url)
        async with opened(url, demonstrated.end) as client:
            tried = sorted(set(addresses(client._transport.app, known)))
            pages = [address for address in tried if not address.startswith(("/v1", "/sta"))]
            assert {"/", "/map", "/office", "/office/people", "/office/rules", "/sign-in"} <= set(pages)
            for role in (None, "nobody", *access.ROLES):
                client.cookies.clear()
                if role:
                    await client.post("/sign-in", data={"name": role, "password": PASSWORD})
                    assert "nongvu_session" in client.cookies
                for language in LANGUAGES:
                    every = language == "vi" and role in {None, "farmer", "administrator"}
                    for address in tried if every else pages:
                        answer = await client.get(spoken(address, language))
                        if answer.status_code not in {200, 303} | REFUSALS:
                            wrong.append((role, address, language, answer.status_code, answer.text[:80]))
                        elif answer.status_code == 200:
                            opened_pages.add((role, address.partition("?")[0]))
            assert not wrong, wrong[:10]
            assert "đang nối; 0 đang chờ gửi" in (await client.get("/office?lang=vi")).text
            assert "online; 0 waiting to be sent" in (await client.get("/office?lang=en")).text
        for role, rights in access.ROLES.items():
            assert (role, "/office") in opened_pages, role
            assert ((role, "/office/people") in opened_pages) == ("subscribers" in rights), role
            assert ((role, "/office/rules") in opened_pages) == ("rules" in rights), role


def damaged(value: object, chance: random.Random) -> object:
    """JSON as an older, a newer or a broken process would have written it."""
    if chance.random() < 0.12:
        return chance.choice(
            [None, "", "x", "12", -1, 1e300, True, [], {}, [None], {"vi": None}, {"unknown": {"a": 1}}]
        )
    if isinstance(value, dict):
        kept = {name: damaged(part, chance) for name, part in value.items() if chance.random() > 0.15}
        return kept | ({"newer": [1, {"x": None}]} if chance.random() < 0.3 else {})
    if isinstance(value, list):
        return [damaged(part, chance) for part in value if chance.random() > 0.1]
    return value


def documents(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Every column of JSON in the tables that processes write."""
    return connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables"
        " USING (table_schema, table_name) WHERE table_schema = 'public' AND data_type = 'jsonb'"
        " AND table_type = 'BASE TABLE' ORDER BY 1, 2"
    ).fetchall()


def damage(url: str, was: dict[tuple[str, str], list[tuple[str, object]]], chance: random.Random) -> None:
    """Write damaged copies of what stood in every row; triggers stay away, constraints of columns hold."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for (table, column), rows in was.items():
            change = sql.SQL("UPDATE {0} SET {1} = %s WHERE id_of({0}) = %s").format(
                *map(sql.Identifier, (table, column))
            )
            for key, value in rows:
                # what the table itself refuses
                with contextlib.suppress(psycopg.IntegrityError, psycopg.errors.NumericValueOutOfRange):
                    connection.execute(change, [json.dumps(damaged(value, chance)), key])


async def test_pages_stand_json_of_other_versions(demonstrated) -> None:
    """Missing, unknown and null keys, texts for numbers, lists for objects: unknown says so, nothing breaks."""
    chance, wrong = random.Random(11), []
    with demonstrated.copied() as url:
        enrol(url)
        known = examples(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "CREATE FUNCTION id_of(anyelement) RETURNS text LANGUAGE sql IMMUTABLE AS"
                " $$ SELECT coalesce(to_jsonb($1) ->> 'id', (to_jsonb($1) ->> 'alert') || '.' || (to_jsonb($1) ->> 'number'),"
                " to_jsonb($1) ->> 'name', to_jsonb($1) ->> 'at') $$"
            )
            was = {
                (table, column): connection.execute(
                    sql.SQL("SELECT id_of({}), {} FROM {} ORDER BY 1 LIMIT 100").format(
                        *map(sql.Identifier, (table, column, table))
                    )
                ).fetchall()
                for table, column in documents(connection)
            }
        assert was[("gateway", "status")]
        assert was[("alert_step", "texts")]
        async with opened(url, demonstrated.end - timedelta(hours=1)) as client:
            await client.post("/sign-in", data={"name": "administrator", "password": PASSWORD})
            tried = sorted(set(addresses(client._transport.app, known)))
            machines = [address for address in tried if address.startswith(("/v1", "/sta"))]
            pages = [address for address in tried if address not in machines and "nowhere" not in address]
            for turn in range(5):
                damage(url, was, chance)
                with psycopg.connect(url) as connection:
                    connection.execute("SET ROLE chart_reader")
                    connection.execute("SELECT * FROM chart.gateway").fetchall()
                for address in {*machines} if turn == 0 else {*pages, *chance.sample(machines, 10)}:
                    answer = await client.get(spoken(address, chance.choice(LANGUAGES)))
                    if answer.status_code >= 500:
                        wrong.append((turn, address, answer.status_code))
            assert not wrong, wrong[:10]
