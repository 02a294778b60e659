"""What SMS services call back with: kept as it came, told by keys only, understood by the route's provider."""

import httpx
import psycopg

from notify.provider import Heard, Receipt
from notify.providers.http import HttpOptions, HttpProvider

from .conftest import client_of

Keys = dict[str, dict[str, str]]


def kept(url: str) -> list[tuple[str, str, bytes, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT route, content_type, payload, state FROM inbound ORDER BY id").fetchall()


async def test_receipts_are_kept_as_they_came(client: httpx.AsyncClient, province: str, keys: Keys) -> None:
    json, form = b'{"id": "7", "state": "5"}', b"id=8&state=5"
    headers = keys["provider"]
    kinds = {"content-type": "application/json; charset=utf-8"}, {"content-type": "application/x-www-form-urlencoded"}
    for payload, kind in zip((json, form), kinds, strict=True):
        answer = await client.post("/v1/inbound/brand", content=payload, headers=headers | kind)
        assert (answer.status_code, answer.content) == (202, b"")
    assert (await client.get("/v1/inbound/brand?id=9&state=5", headers=headers)).status_code == 202
    form_kind = "application/x-www-form-urlencoded"
    assert kept(province) == [
        ("brand", "application/json", json, "new"), ("brand", form_kind, form, "new"),
        ("brand", form_kind, b"id=9&state=5", "new"),
    ]  # fmt: skip


async def test_a_key_in_the_callbacks_address_is_basic(client: httpx.AsyncClient, province: str, keys: Keys) -> None:
    key = keys["provider"]["authorization"].removeprefix("Bearer ")
    answer = await client.get("/v1/inbound/brand?id=9", auth=httpx.BasicAuth("nongvu", key))
    assert answer.status_code == 202
    assert len(kept(province)) == 1


async def test_what_is_kept_is_what_a_route_understands(client: httpx.AsyncClient, province: str, keys: Keys) -> None:
    callback = {"id": "id", "state": "state", "delivered": ["5"], "failed": ["6"], "text": "text", "sender": "from"}
    options = HttpOptions.model_validate({"url": "https://sms.example.org/send", "body": {}, "callback": callback})
    provider = HttpProvider(options)
    for query in ("id=9&state=5", "id=9&state=6", "from=84912345678&text=STOP"):
        await client.get(f"/v1/inbound/brand?{query}", headers=keys["provider"])
    heard = [provider.read(kind, bytes(payload)) for _, kind, payload, _ in kept(province)]
    assert heard == [
        [Receipt("9", "delivered", "5")], [Receipt("9", "failed", "6")], [Heard("84912345678", "STOP")],
    ]  # fmt: skip


async def test_nothing_wrong_is_kept(client: httpx.AsyncClient, province: str, keys: Keys) -> None:
    headers, json = keys["provider"], {"content-type": "application/json"}
    statuses = [
        (await client.post("/v1/inbound/brand", content=b"{}")).status_code,
        (await client.post("/v1/inbound/brand", content=b"{}", headers=keys["gateway"] | json)).status_code,
        (
            await client.post("/v1/inbound/brand", content=b"{}", headers=headers | {"content-type": "text/xml"})
        ).status_code,
        (await client.post("/v1/inbound/brand", content=b"", headers=headers | json)).status_code,
        (await client.post("/v1/inbound/brand", content=b"x" * 65_537, headers=headers | json)).status_code,
        (await client.get("/v1/inbound/brand", headers=headers)).status_code,
        (await client.get("/v1/inbound/..%2f..%2fx?a=1", headers=headers)).status_code,
    ]
    assert statuses[:6] == [401, 403, 415, 422, 413, 422]
    assert statuses[6] in {404, 422}
    assert kept(province) == []


async def test_somebody_signed_in_tells_no_receipts(province: str) -> None:
    """An administrator's browser, made to ask by a page elsewhere, must not."""
    from argon2 import PasswordHasher

    from store import access

    with psycopg.connect(province) as connection:
        access.add_account(connection, "chief", password=PasswordHasher().hash("correct horse battery"))
        access.grant(connection, "chief", "administrator", None)
    async with client_of(province) as client:
        await client.post("/sign-in", data={"name": "chief", "password": "correct horse battery"})
        assert (await client.get("/v1/inbound/brand?id=9&state=5")).status_code == 403
    assert kept(province) == []
