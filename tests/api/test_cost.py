"""Questions that anybody may put together cost those who ask them, and nobody else."""

import asyncio
import time

import httpx
import psycopg
import pytest

from api.sensorthings.address import Place
from api.sensorthings.cost import heavy
from api.sensorthings.options import options
from store.sensorthings import ENTITIES

from .conftest import client_of

ROOT = "/sta/v1.1"
SETS = "Observations"


def asked(name: str, above: str | None, given: dict[str, str]) -> bool:
    place = Place(ENTITIES[name], above=(ENTITIES[above], 1, name) if above else None)
    return heavy(place, options(ENTITIES[name], given))


@pytest.mark.parametrize(
    ("name", "above", "given"),
    [
        (SETS, None, {"$orderby": "result desc"}),
        (SETS, None, {"$orderby": "phenomenonTime desc"}),
        (SETS, None, {"$count": "true"}),
        (SETS, None, {"$filter": "result gt 3"}),
        (SETS, None, {"$skip": "5000"}),
        (SETS, "FeaturesOfInterest", {"$count": "true"}),
        (SETS, "Datastreams", {"$orderby": "result"}),
        (SETS, "Datastreams", {"$count": "true"}),
        (SETS, "Datastreams", {"$filter": "phenomenonTime gt 2026-01-01T00:00:00Z and result gt 1"}),
        (SETS, "Datastreams", {"$filter": "month(phenomenonTime) eq 1 or Datastream/name eq 'x'"}),
        ("Things", None, {"$filter": "Datastreams/Observations/result gt 3"}),
        ("Things", None, {"$expand": "Datastreams($expand=Observations($orderby=result))"}),
        ("Things", None, {"$expand": "Datastreams($expand=Thing($expand=Locations))"}),
        ("Datastreams", None, {"$expand": "Observations($count=true)"}),
    ],
)
def test_what_no_index_serves_is_heavy(name: str, above: str | None, given: dict[str, str]) -> None:
    assert asked(name, above, given)


@pytest.mark.parametrize(
    ("name", "above", "given"),
    [
        (SETS, None, {}),
        (SETS, None, {"$top": "100"}),
        (SETS, "Datastreams", {"$orderby": "phenomenonTime desc", "$top": "1"}),
        (SETS, "Datastreams", {"$filter": "phenomenonTime ge 2026-01-01T00:00:00Z and phenomenonTime lt 2026-02-01T00:00:00Z"}),
        ("Things", None, {"$expand": "Locations,Datastreams($expand=Observations($top=1;$orderby=phenomenonTime desc))"}),
        ("Things", None, {"$count": "true", "$filter": "name eq 'x'", "$orderby": "name"}),
        ("Locations", None, {"$top": "0", "$count": "true"}),
    ],
)  # fmt: skip
def test_what_clients_ask_every_day_is_not(name: str, above: str | None, given: dict[str, str]) -> None:
    assert not asked(name, above, given)


async def timed(client: httpx.AsyncClient, address: str, **more: object) -> tuple[int, float, str]:
    began = time.monotonic()
    answer = await client.get(address, **more)
    return answer.status_code, time.monotonic() - began, answer.text[:400]


@pytest.mark.parametrize(
    "question",
    ["Observations?$orderby=result desc&$top=10", "Observations?$count=true", "Observations?$filter=result gt 999", "Observations",
     "Datastreams?$expand=Observations($orderby=result)"],
)  # fmt: skip
async def test_ten_heavy_questions_at_once_stop_nobody_else(province: str, question: str) -> None:
    """Readings are locked, so that whoever looks at them waits as for millions of them, and as long as it is let."""
    async with client_of(province, public_seconds=2) as client:
        assert (await client.get("/v1/stations?limit=10")).status_code == 200
        with psycopg.connect(province) as lock:
            lock.execute("LOCK TABLE reading IN ACCESS EXCLUSIVE MODE")
            tasks = [asyncio.create_task(timed(client, f"{ROOT}/{question}")) for _ in range(10)]
            await asyncio.sleep(0.3)
            for address in ("/v1/stations?limit=10", "/v1/alerts", "/healthz", "/map", f"{ROOT}/Things"):
                if address.startswith(ROOT) and question == "Observations":
                    continue  # the same share
                code, seconds, _ = await asyncio.wait_for(timed(client, address), 10)
                assert code in {200, 503 if address == "/healthz" else 200}, address
                assert seconds < 1, address
            answers = await asyncio.gather(*tasks)
            lock.rollback()
        assert {code for code, _, _ in answers} == {503}
        assert max(seconds for _, seconds, _ in answers) < 12
        assert all("Datastream" in text for _, _, text in answers), "the remedy is named"
        assert (await client.get(f"{ROOT}/Observations?$count=true&$top=1")).json()["@iot.count"] > 0


async def test_people_with_an_account_keep_their_share(province: str, keys: dict[str, dict[str, str]]) -> None:
    async with client_of(province, public_seconds=2) as client:
        with psycopg.connect(province) as lock:
            lock.execute("LOCK TABLE reading IN ACCESS EXCLUSIVE MODE")
            tasks = [asyncio.create_task(timed(client, f"{ROOT}/Observations")) for _ in range(10)]
            await asyncio.sleep(0.2)
            code, seconds, _ = await timed(client, f"{ROOT}/Things", headers=keys["officer"])
            assert (code, seconds < 1) == (200, True)
            await asyncio.gather(*tasks)


async def test_more_properties_than_the_database_orders_by_are_refused_by_name(client: httpx.AsyncClient) -> None:
    for option in ("$orderby", "$select"):
        answer = await client.get(f"{ROOT}/Observations?{option}=" + ",".join(["result"] * 60))
        assert answer.status_code == 400
        assert option in answer.json()["detail"]
