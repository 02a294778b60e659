"""What people change: seasons, verdicts, rules, approvals, acknowledgements, subscribers."""

import json
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from .conftest import NOW

Keys = dict[str, dict[str, str]]


def ask(url: str, query: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query).fetchall()


async def test_every_list_answers_with_what_its_model_says(client: httpx.AsyncClient, keys: Keys) -> None:
    from api.routes.collections import LISTS

    for listing in LISTS:
        answer = await client.get(f"/v1/{listing.path}", headers=keys["administrator"])
        assert answer.status_code == 200, (listing.path, answer.text)
        for item in answer.json()["items"]:
            listing.item.model_validate(item)
    places = (await client.get("/v1/places?filter=commune")).json()["items"]
    assert {place["code"] for place in places} == {"huu-lung", "mau-son"}
    audit = (await client.get("/v1/audit?limit=3", headers=keys["administrator"])).json()
    assert len(audit["items"]) == 3
    assert audit["next"]
    older = (await client.get(audit["next"], headers=keys["administrator"])).json()["items"]
    assert older[0]["id"] == audit["items"][-1]["id"] - 1


async def test_a_verdict_is_laid_over_readings_marked_and_taken_back(
    client: httpx.AsyncClient, province: str, keys: Keys
) -> None:
    body = {"station": "huu-lung-1", "datastream": "air_temperature", "valid_from": "2026-01-31T13:00:00Z",
            "valid_to": "2026-01-31T14:00:00Z", "quality": "fail", "reason": "tổ chim"}  # fmt: skip
    for name, status in {"public": 401, "farmer-a": 403, "officer": 403, "agronomist": 201}.items():
        answer = await client.post("/v1/verdicts", json=body, headers=keys[name])
        assert answer.status_code == status, (name, answer.text)
    number = answer.json()["id"]
    assert ask(province, "SELECT cause FROM mark") == [("verdict",)]
    url = "/v1/stations/huu-lung-1/readings?datastream=air_temperature&from=2026-01-31T12:30:00Z"
    assert len((await client.get(url)).json()["items"]) == 3
    failed = [item for item in (await client.get(url + "&quality=all")).json()["items"] if item["quality"] == "fail"]
    assert len(failed) == 7
    assert failed[0]["checks"] == ["person"]
    assert (await client.delete(f"/v1/verdicts/{number}", headers=keys["farmer-a"])).status_code == 403
    assert (await client.delete(f"/v1/verdicts/{number}", headers=keys["agronomist"])).status_code == 204
    assert len((await client.get(url)).json()["items"]) == 10
    who = ask(province, "SELECT who, action FROM audit WHERE action LIKE '%verdict' ORDER BY id")
    assert [action for _, action in who] == ["add_verdict", "drop_verdict"]


async def test_a_season_belongs_to_its_farm(client: httpx.AsyncClient, province: str, keys: Keys) -> None:
    body = {"place": "farm-a", "crop": "rice", "sown": "2026-01-10"}
    assert (await client.post("/v1/seasons", json=body, headers=keys["farmer-b"])).status_code == 404
    made = await client.post("/v1/seasons", json=body, headers=keys["farmer-a"])
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    assert ask(province, "SELECT cause, from_time::date::text FROM mark") == [("season", "2026-01-10")]
    end = {"ended": "2026-05-01"}
    assert (await client.patch(f"/v1/seasons/{number}", json=end, headers=keys["farmer-b"])).status_code == 404
    assert (await client.patch(f"/v1/seasons/{number}", json=end, headers=keys["farmer-a"])).status_code == 200
    listed = await client.get("/v1/seasons", headers=keys["farmer-a"])
    assert listed.json()["items"][0]["ended"] == "2026-05-01"
    assert (await client.get("/v1/seasons", headers=keys["farmer-b"])).json()["items"] == []


async def test_what_is_known_of_a_season_is_checked_by_the_catalogue(client: httpx.AsyncClient, keys: Keys) -> None:
    """Numbers that only people know: those that can be are kept, `null` takes one away, others are refused in words."""
    known = {row["name"]: row for row in (await client.get("/v1/properties")).json()}
    assert known["field_capacity"]["entry"]["unit"] == "m3/m3"
    body = {"place": "farm-a", "crop": "maize", "sown": "2026-02-01",
            "properties": {"field_capacity": 0.31, "wilting_point": 0.14}}  # fmt: skip
    number = (await client.post("/v1/seasons", json=body, headers=keys["farmer-a"])).json()["id"]
    change = {"variety": "LVN 10", "properties": {"wilting_point": None, "initial_depletion": 20}}
    assert (await client.patch(f"/v1/seasons/{number}", json=change, headers=keys["farmer-a"])).status_code == 200
    (row,) = (await client.get("/v1/seasons", headers=keys["farmer-a"])).json()["items"]
    assert row["properties"] == {"field_capacity": 0.31, "initial_depletion": 20}
    assert (row["variety"], row["ended"]) == ("LVN 10", None)
    for wrong, says in (
        ({"filed_capacity": 0.3}, "do you mean 'field_capacity'"),
        ({"field_capacity": 31}, "0.01 to 0.8 m3/m3"),
        ({"mark_1": 3}, "no property"),
    ):
        answer = await client.patch(f"/v1/seasons/{number}", json={"properties": wrong}, headers=keys["farmer-a"])
        assert answer.status_code == 422
        assert says in answer.json()["detail"]


async def test_rules_are_set_and_previewed(client: httpx.AsyncClient, province: str, keys: Keys) -> None:
    body = {"place": "huu-lung", "values": {"enter": [19, 14, 12], "months": [11, 12, 1, 2]}}
    assert (await client.post("/v1/rules/cold_spell/settings", json=body, headers=keys["officer"])).status_code == 403
    answer = await client.post("/v1/rules/cold_spell/settings", json=body, headers=keys["agronomist"])
    assert answer.status_code == 201, answer.text
    marked = ask(province, "SELECT count(DISTINCT place) FROM mark WHERE cause = 'rule'")
    assert marked == [(6,)], "the commune, two farms and three stations"
    kept = (await client.get("/v1/rule-settings", headers=keys["agronomist"])).json()["items"][0]["values"]
    assert kept == body["values"]
    assert (await client.post("/v1/rules/none/settings", json=body, headers=keys["agronomist"])).status_code == 404
    wish = {"place": "huu-lung-1", "from": "2025-12-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    asked = await client.post("/v1/rules/cold_spell/previews", json=wish, headers=keys["agronomist"])
    assert asked.status_code == 202
    waiting = await client.get(asked.headers["location"], headers=keys["agronomist"])
    assert waiting.json()["state"] == "waiting"
    assert (await client.get(asked.headers["location"], headers=keys["farmer-a"])).status_code == 404


@pytest.mark.parametrize(
    "values",
    [
        {}, {"severe": 1}, {"enter": 5}, {"enter": [19, 14]}, {"enter": [12, 14, 19]}, {"enter": ["a", "b", "c"]},
        {"enter": [20, 15, 13], "leave": [19, 14, 12]}, {"months": [0]}, {"months": "all"}, {"enabled": [True]},
        {"inclusive": [True]}, {"enter": [1e999, 1, 0]}, [], None,
    ],
)  # fmt: skip
async def test_values_that_no_rule_can_have_are_refused_here(
    client: httpx.AsyncClient, province: str, keys: Keys, values: object
) -> None:
    headers = keys["agronomist"] | {"content-type": "application/json"}
    sent = json.dumps({"place": "huu-lung", "values": values}).replace("Infinity", "1e999")
    answer = await client.post("/v1/rules/cold_spell/settings", content=sent, headers=headers)
    assert answer.status_code == 422, answer.text
    assert "values" in answer.json()["detail"]
    assert ask(province, "SELECT count(*) FROM rule_setting") == [(0,)]
    if values:
        wish = {"place": "huu-lung-1", "from": "2025-12-01T00:00:00Z", "to": "2026-01-01T00:00:00Z", "values": values}
        sent = json.dumps(wish).replace("Infinity", "1e999")
        answer = await client.post("/v1/rules/cold_spell/previews", content=sent, headers=headers)
        assert answer.status_code == 422, answer.text


@pytest.fixture
def said(province: str) -> str:
    """A bundle of messages about the open alert, and a broadcast that waits for approval."""
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO bundle (commune, hazard, kind, level, at, expires)
            SELECT id, 'cold', 'open', 2, %(now)s, %(now)s::timestamptz + interval '1 day' FROM place
            WHERE code = 'huu-lung';
            """.replace("%(now)s", "'2026-01-31 13:00Z'")
            + """
            INSERT INTO bundle_step SELECT alert_step.id, bundle.id FROM bundle, alert_step
            JOIN alert ON alert.id = alert JOIN place ON place.id = alert.place
            WHERE place.code = 'huu-lung-1' AND state = 'open';
            INSERT INTO broadcast (about, place, class, state, text, spoken, at, play_from, expires)
            SELECT 'bundle:1', id, 'khan_cap', 'waiting', 'Rét hại', 'rét hại', '2026-01-31 13:00Z', '2026-01-31 13:00Z',
                   '2026-02-01 13:00Z' FROM place WHERE code = 'huu-lung';
            INSERT INTO approval (kind, topic, title, asked_at, expires)
            VALUES ('broadcast', 'broadcast:1', 'Loa: rét hại', '2026-01-31 13:00Z', '2026-02-01 13:00Z');
            """
        )
    return province


async def test_officers_take_charge_and_approve(client: httpx.AsyncClient, said: str, keys: Keys) -> None:
    ((number,),) = ask(said, "SELECT alert.id FROM alert JOIN place ON place.id = place WHERE state = 'open'"
                             " AND code = 'huu-lung-1'")  # fmt: skip
    url = f"/v1/alerts/{number}/acknowledgements"
    assert (await client.post(url, headers=keys["farmer-b"])).status_code == 404
    of_farm = "alert.id FROM alert JOIN place ON place.id = place WHERE state = 'open' AND code = 'farm-a-1'"
    ((farms,),) = ask(said, f"INSERT INTO bundle_step SELECT id, 1 FROM alert_step WHERE alert = (SELECT {of_farm})"
                            f" RETURNING (SELECT {of_farm})")  # fmt: skip
    mixed = await client.post(f"/v1/alerts/{farms}/acknowledgements", headers=keys["farmer-a"])
    assert mixed.status_code == 404, "the message speaks of others too: it is not a farmer's to silence"
    assert (await client.post(url, headers=keys["officer"])).json() == {"bundles": 1}
    assert [who.startswith("key:") for (who,) in ask(said, "SELECT who FROM acknowledgement")] == [True]
    waiting = (await client.get("/v1/approvals?filter=waiting", headers=keys["officer"])).json()["items"]
    assert [item["text"] for item in waiting] == ["Rét hại"]
    url = f"/v1/approvals/{waiting[0]['id']}"
    word = {"decision": "approved", "reason": "đúng"}
    assert (await client.post(url, json=word, headers=keys["agronomist"])).status_code == 403
    assert (await client.post(url, json=word, headers=keys["officer"])).status_code == 200
    assert (await client.post(url, json=word, headers=keys["officer"])).status_code == 404, "decided once"
    assert ask(said, "SELECT state, decided_at FROM approval") == [("approved", NOW)]


async def test_subscribers_are_added_and_stopped_and_never_shown(
    client: httpx.AsyncClient, province: str, keys: Keys
) -> None:
    body = {"address": "0912 345 678", "places": ["huu-lung"], "consent_channel": "paper"}
    assert (await client.post("/v1/subscribers", json=body, headers=keys["farmer-a"])).status_code == 403
    elsewhere = body | {"places": ["mau-son"]}
    assert (await client.post("/v1/subscribers", json=elsewhere, headers=keys["officer"])).status_code == 404
    made = await client.post("/v1/subscribers", json=body, headers=keys["officer"])
    assert made.status_code == 201, made.text
    assert (await client.post("/v1/subscribers", json=body, headers=keys["officer"])).status_code == 409
    assert ask(province, "SELECT address FROM personal.contact") == [("+84912345678",)]
    listed = await client.get("/v1/subscribers", headers=keys["officer"])
    assert listed.json()["items"][0]["consent"] is True
    assert "912345678" not in listed.text
    assert "912345678" not in (await client.get("/v1/audit", headers=keys["administrator"])).text
    number = made.json()["id"]
    assert (await client.delete(f"/v1/subscribers/{number}", headers=keys["officer"])).status_code == 204
    assert ask(province, "SELECT state FROM subscriber") == [("stopped",)]


async def test_who_withdrew_comes_back_by_their_own_later_word_only(
    client: httpx.AsyncClient, province: str, keys: Keys
) -> None:
    body = {"address": "0912 345 678", "places": ["huu-lung"], "consent_channel": "paper"}
    officer = keys["officer"]
    number = (await client.post("/v1/subscribers", json=body, headers=officer)).json()["id"]
    await client.delete(f"/v1/subscribers/{number}", headers=officer)
    for consent_at in (None, (NOW - timedelta(days=1)).isoformat(), NOW.isoformat()):
        refused = await client.post("/v1/subscribers", json=body | {"consent_at": consent_at}, headers=officer)
        assert refused.status_code == 409
        assert "withdrew" in refused.json()["detail"]
    assert ask(province, "SELECT state FROM subscriber") == [("stopped",)]
    future = body | {"consent_at": (NOW + timedelta(days=3)).isoformat()}
    assert (await client.post("/v1/subscribers", json=future, headers=officer)).status_code == 422
    later = body | {"consent_at": (NOW + timedelta(minutes=1)).isoformat()}
    answer = await client.post("/v1/subscribers", json=later, headers=officer)
    assert (answer.status_code, answer.json()["id"]) == (201, number)
    assert ask(province, "SELECT state FROM subscriber") == [("active",)]
    assert ask(province, "SELECT kind, source FROM consent_event ORDER BY id") == [
        ("given", "paper"), ("withdrawn", "web"), ("given", "paper"),
    ]  # fmt: skip


async def test_a_forecast_is_pushed_once_and_read_back(client: httpx.AsyncClient, province: str, keys: Keys) -> None:
    values = [{"quantity": "air_temperature", "valid_time": f"2026-02-01T{hour:02}:00:00Z", "value": 10 + hour / 2}
              for hour in range(24)]  # fmt: skip
    body = {"reference_time": "2026-01-31T12:00:00Z", "source": "province", "values": values}
    url = "/v1/places/huu-lung/forecasts"
    for name, status in {"public": 401, "agronomist": 403, "gateway": 200}.items():
        answer = await client.post(url, json=body, headers=keys[name])
        assert answer.status_code == status, (name, answer.text)
    assert answer.json() == {"values": 24, "changed": 24}
    marks = ask(province, "SELECT code FROM mark JOIN place ON place.id = mark.place WHERE cause = 'forecast'")
    assert {"huu-lung", "huu-lung-1"} <= {code for (code,) in marks}  # whatever is below it is computed anew
    assert (await client.post(url, json=body, headers=keys["gateway"])).json()["changed"] == 0
    assert len(ask(province, "SELECT FROM mark WHERE cause = 'forecast'")) == len(marks)
    read = (await client.get(url)).json()
    assert [item["value"] for item in read] == [entry["value"] for entry in values]
    elsewhere = await client.post("/v1/places/mau-son/forecasts", json=body, headers=keys["gateway"])
    assert elsewhere.status_code == 404  # its right ends at Hữu Lũng
    for wrong, says in (({"quantity": "heat"}, "no quantity 'heat'"), ({"value": 400}, "value 1: air_temperature is")):
        sent = body | {"values": [values[0], values[1] | wrong]}
        answer = await client.post(url, json=sent, headers=keys["gateway"])
        assert (answer.status_code, says in answer.text) == (422, True)
    assert ask(province, "SELECT count(*) FROM forecast") == [(24,)]
    assert ask(province, "SELECT count(*) FROM audit WHERE action = 'forecast pushed'") == [(2,)]


async def test_wrong_bodies_are_422(client: httpx.AsyncClient, keys: Keys) -> None:
    wrong = [
        ("/v1/seasons", {"place": "farm-a", "crop": "rice", "sown": "yesterday"}),
        ("/v1/seasons", {"place": "farm-a", "crop": "rice", "sown": "2026-01-10", "more": 1}),
        ("/v1/seasons", {"place": "farm-a", "crop": "rice", "sown": "2026-01-10", "ended": "2025-01-01"}),
        ("/v1/seasons", []),
        ("/v1/seasons", {"place": "farm-a", "crop": "rice\0", "sown": "2026-01-10"}),
        ("/v1/verdicts", {"station": "huu-lung-1"}),
        ("/v1/subscribers", {"address": "1", "places": ["huu-lung"], "consent_channel": "paper"}),
        ("/v1/rules/cold_spell/settings", {"place": "huu-lung", "values": {"a": {"b": 1}}}),
        ("/v1/readings", {"readings": []}),
        ("/v1/readings", {"readings": [{"station": "huu-lung-1", "datastream": "x", "time": "2026-01-31T14:00:00Z",
                                        "value": 1}]}),
    ]  # fmt: skip
    for url, body in wrong:
        answer = await client.post(url, json=body, headers=keys["administrator"])
        assert answer.status_code == 422, (url, answer.status_code, answer.text)
    deep = "[" * 100_000 + "]" * 100_000
    for text in (deep, "{", "\x00", '{"place": "\\ud800"}', "[" * 500_000):
        answer = await client.post("/v1/seasons", content=text.encode(), headers=keys["administrator"]
                                   | {"content-type": "application/json"})  # fmt: skip
        assert answer.status_code in {400, 422}, answer.text[:200]
        assert answer.headers["content-type"] == "application/problem+json"
