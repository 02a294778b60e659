"""The API in its own least role of the database: everything that it does works, and nothing else."""

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from .conftest import client_of
from .test_sensorthings import NEW, STA


async def test_the_api_works_in_its_least_role(province: str, keys: dict[str, dict[str, str]]) -> None:
    url = make_conninfo(province, options="-c role=nongvu_api")
    async with client_of(url) as client:
        boss, farmer = keys["administrator"], keys["farmer-a"]
        for path in ("/", "/map", "/v1/stations", "/v1/latest", "/v1/alerts", "/v1/readings?station=huu-lung-1",
                     "/v1/readings?station=huu-lung-1&every=1d&from=2025-01-01T00:00:00Z", "/v1/subscribers", "/v1/audit",
                     "/v1/stations/huu-lung-1/readings?format=parquet", "/v1/deliveries", "/v1/approvals", "/v1/gateways",
                     f"{STA}/Things?$expand=Datastreams/Observations($top=1),HistoricalLocations"):  # fmt: skip
            answer: httpx.Response = await client.get(path, headers=boss)
            assert answer.status_code == 200, (path, answer.text)
        made = await client.post(f"{STA}/Things", json=NEW, headers=boss)
        assert made.status_code == 201, made.text
        gone = await client.delete(made.headers["location"].replace("http://nongvu.test", ""), headers=boss)
        assert gone.status_code == 200, gone.text
        season = {"place": "farm-a", "crop": "rice", "sown": "2026-01-10"}
        assert (await client.post("/v1/seasons", json=season, headers=farmer)).status_code == 201
        person = {"address": "0912345678", "places": ["huu-lung"], "consent_channel": "paper"}
        assert (await client.post("/v1/subscribers", json=person, headers=boss)).status_code == 201
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM reading")
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("UPDATE audit SET who = 'nobody'")
