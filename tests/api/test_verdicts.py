"""Verdicts laid over values, the same wherever a value is read: newest values, pages, files, SensorThings, the page."""

import httpx
import psycopg
import pytest

from store.flag import Check, Quality

AT = "2026-01-31T14:00:00Z"
SAY = """
INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)
SELECT datastream.id, %(at)s::timestamptz + %(from)s::interval, %(at)s::timestamptz + %(to)s::interval, %(flag)s, 'x', %(who)s,
       %(at)s::timestamptz + %(said)s::interval
FROM datastream JOIN place ON place.id = place WHERE code = 'huu-lung-1' AND quantity = 'air_temperature'
"""
SPIKE, STEP = int(Check.SPIKE), int(Check.STEP)


def say(
    url: str, flag: int, who: str = "ordered", *, spans: tuple[str, str] = ("-1 hour", "0"), said: str = "0"
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SAY, {"at": AT, "from": spans[0], "to": spans[1], "flag": flag, "who": who, "said": said})


async def read_everywhere(client: httpx.AsyncClient) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Quality and failed checks of the newest air temperature of a station, by the place where they are read."""
    found = {}
    for path in ("/v1/latest?quantity=air_temperature", "/v1/stations/huu-lung-1/latest"):
        items = (await client.get(path)).json()["items"]
        (one,) = [item for item in items if (item["station"], item["datastream"]) == ("huu-lung-1", "air_temperature")]
        found[path] = one["quality"], tuple(one["checks"])
    rest = f"/v1/stations/huu-lung-1/readings?datastream=air_temperature&from={AT}&quality=all"
    (one,) = (await client.get(rest)).json()["items"]
    found[rest] = one["quality"], tuple(one["checks"])
    *_, line = (await client.get(rest + "&format=csv")).text.splitlines()
    _, _, _, _, quality, flag = line.split(",")
    found["csv"] = quality, tuple(check.name.lower() for check in Check if int(flag) & check)
    chosen = "Datastream/Thing/properties/code eq 'huu-lung-1' and Datastream/ObservedProperty/id eq 'air_temperature'"
    newest = "$top=1;$orderby=phenomenonTime desc"
    set_ = await client.get(
        "/sta/v1.1/Observations", params={"$filter": chosen, "$orderby": "phenomenonTime desc", "$top": 1}
    )
    inner = "properties/code eq 'huu-lung-1'"
    things = await client.get("/sta/v1.1/Things", params={
        "$filter": inner, "$expand": f"Datastreams($filter=ObservedProperty/id eq 'air_temperature';$expand=Observations({newest}))",
    })  # fmt: skip
    (thing,) = things.json()["value"]
    for name, observations in (("set", set_.json()["value"]), ("expanded", thing["Datastreams"][0]["Observations"])):
        quality = observations[0]["resultQuality"]
        found[name] = Quality(quality["flag"]).name.lower(), tuple(quality["checks"])
    return found


CASES = {
    "none": ([], ("good", ())),
    "of a check": ([(3 | SPIKE, {})], ("suspect", ("spike",))),
    "the worst of two": ([(3 | SPIKE, {}), (4 | STEP, {"who": "spatial"})], ("fail", ("step", "spike"))),
    "of an hour before": ([(4 | SPIKE, {"spans": ("-2 hours", "-1 minute")})], ("good", ())),
    "of an hour after": ([(4 | SPIKE, {"spans": ("1 minute", "1 hour")})], ("good", ())),
    "a person's word above a check's": (
        [(4 | SPIKE, {}), (1 | int(Check.PERSON), {"who": "person:account:lan"})], ("good", ("spike", "person")),
    ),
    "the latest word of two persons": (
        [(1, {"who": "person:account:lan", "said": "1 hour"}), (4, {"who": "person:account:an", "said": "0"})],
        ("good", ("person",)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_a_verdict_is_read_alike_everywhere(client: httpx.AsyncClient, province: str, name: str) -> None:
    verdicts, expected = CASES[name]
    for flag, rest in verdicts:
        say(province, flag, **rest)
    found = await read_everywhere(client)
    assert len(found) == 6
    assert set(found.values()) == {expected}, found


async def test_the_page_calls_a_judged_value_doubtful(client: httpx.AsyncClient, province: str) -> None:
    listed = (await client.get("/?lang=en&station=jfk")).text.partition('class="stations"')[2]
    assert "°C" in listed.partition('href="/?station=huu-lung-1')[2].partition("</li>")[0]
    say(province, int(Quality.FAIL), "person:account:lan")
    page = (await client.get("/?lang=en&station=huu-lung-1")).text
    value = page.partition("<dt>Air temperature</dt>")[2].partition("</div>")[0]
    assert "doubtful" in value, value
    listed = page.partition('class="stations"')[2].partition('href="/?station=huu-lung-1')[2].partition("</li>")[0]
    assert "°C" not in listed, "what a person called wrong stands in no list"
