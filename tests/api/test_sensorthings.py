"""OGC SensorThings 1.1 over a small province."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest

from api.protocol.problems import Problem
from api.sensorthings import properties
from api.sensorthings.grammar import parse

STA = "/sta/v1.1"


async def get(client: httpx.AsyncClient, path: str, headers: dict | None = None) -> Any:
    answer = await client.get(f"{STA}/{path}", headers=headers or {})
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


async def names(client: httpx.AsyncClient, path: str) -> list[str]:
    return sorted(item["name"] for item in (await get(client, path))["value"])


def test_observed_properties_are_the_table_of_quantities() -> None:
    assert Path(properties.FILE).read_text(encoding="utf-8") == properties.text(), (
        "run python -m api.sensorthings.properties"
    )


async def test_root_names_eight_sets_and_each_answers(client: httpx.AsyncClient) -> None:
    service = await get(client, "")
    assert len(service["value"]) == 8
    for entry in service["value"]:
        answer = await client.get(entry["url"].replace("http://nongvu.test", ""))
        assert answer.status_code == 200, answer.text
        items = answer.json()["value"]
        assert items, entry
        one = await client.get(items[0]["@iot.selfLink"].replace("http://nongvu.test", ""))
        assert one.json() == items[0]
        for name, link in items[0].items():
            if name.endswith("@iot.navigationLink"):
                there = await client.get(link.replace("http://nongvu.test", ""))
                assert there.status_code == 200, (link, there.text)


async def test_every_way_and_property(client: httpx.AsyncClient) -> None:
    (thing,) = (await get(client, "Things?$filter=name eq 'Kennedy'"))["value"]
    number = thing["@iot.id"]
    assert thing["properties"]["code"] == "jfk"
    (location,) = (await get(client, f"Things({number})/Locations"))["value"]
    assert location["location"] == {"type": "Point", "coordinates": [-73.78, 40.64]}
    streams = (await get(client, f"Things({number})/Datastreams"))["value"]
    assert len(streams) == 5
    stream = next(item for item in streams if item["properties"]["quantity"] == "air_temperature")
    assert stream["unitOfMeasurement"]["definition"] == "https://ucum.org/ucum#Cel"
    assert (await get(client, f"Datastreams({stream['@iot.id']})/Thing"))["@iot.id"] == number
    assert (await get(client, f"Datastreams({stream['@iot.id']})/Sensor/name")) == {"name": "not known"}
    assert (await client.get(f"{STA}/Things({number})/name/$value")).text == "Kennedy"
    found = await get(client, f"Things({number})/Datastreams({stream['@iot.id']})/Observations?$top=3&$count=true")
    assert found["@iot.count"] == 433
    assert len(found["value"]) == 3
    observation = found["value"][0]
    assert observation["resultQuality"] == {"nameOfMeasure": "QARTOD", "flag": 1, "checks": []}
    again = await get(client, f"Observations('{observation['@iot.id']}')/Datastream/Thing/name")
    assert again == {"name": "Kennedy"}
    assert (await get(client, f"Observations('{observation['@iot.id']}')/FeatureOfInterest"))["name"] == "Kennedy"
    refs = await get(client, f"Things({number})/Datastreams/$ref")
    assert set(refs["value"][0]) == {"@iot.selfLink"}
    other = (await get(client, "Things?$filter=name ne 'Kennedy'&$top=1"))["value"][0]["@iot.id"]
    assert (await client.get(f"{STA}/Things({other})/Datastreams({stream['@iot.id']})")).status_code == 404


THREE = ["Kennedy", "Trạm Hữu Lũng", "Trạm Mẫu Sơn"]
FILTERS = {
    "": THREE,
    "name eq 'Kennedy'": ["Kennedy"],
    "'Kennedy' eq name": ["Kennedy"],
    "name ne 'Kennedy'": THREE[1:],
    "not (name eq 'Kennedy')": THREE[1:],
    "name eq 'x' or properties/code eq 'jfk'": ["Kennedy"],
    "name eq 'Kennedy' and properties/code eq 'huu-lung-1'": [],
    "properties/elevation gt 30": THREE[1:],
    "properties/elevation add 1 mul 2 gt 82": ["Trạm Mẫu Sơn"],
    "properties/elevation mod 2 eq 0 and properties/elevation div 2 lt 10": ["Kennedy"],
    "properties/elevation div 0 gt 1": [],
    "properties/nothing eq null": THREE,
    "properties/code ne null": THREE,
    "startswith(name,'Trạm')": THREE[1:],
    "endswith(tolower(name),'sơn')": ["Trạm Mẫu Sơn"],
    "substringof('nned',name)": ["Kennedy"],
    "length(name) eq 7": ["Kennedy"],
    "indexof(name,'nn') eq 2": ["Kennedy"],
    "substring(name,3,2) eq 'ne'": ["Kennedy"],
    "concat(name,'!') eq 'Kennedy!'": ["Kennedy"],
    "toupper(trim(' a ')) eq 'A'": THREE,
    "round(4.5) eq 5 and floor(4.9) eq 4 and ceiling(4.1) eq 5": THREE,
    "name eq 'it''s'": [],
    "Locations/name eq 'Kennedy'": ["Kennedy"],
    "st_within(Locations/location, geography'POLYGON((106 21,107 21,107 22,106 22,106 21))')": THREE[1:],
    "geo.distance(Locations/location, geography'POINT(106.98 21.84)') lt 1000": ["Trạm Mẫu Sơn"],
    "geo.intersects(Locations/location, geography'POLYGON((-80 40,-70 40,-70 41,-80 41,-80 40))')": ["Kennedy"],
    "Datastreams/ObservedProperty/name eq 'air_temperature'": THREE,
    "Datastreams/Observations/result gt 14.99": ["Kennedy", "Trạm Hữu Lũng"],
    "year(now()) eq 2026 and month(now()) eq 1 and day(now()) eq 31 and hour(now()) eq 14": THREE,
    "now() sub duration'P1D' lt 2026-01-30T15:00:00Z": THREE,
    "date(now()) eq 2026-01-31": THREE,
    "now() ge mindatetime() and now() le maxdatetime()": THREE,
    "true": THREE,
    "false": [],
}


async def test_filters(client: httpx.AsyncClient) -> None:
    for text, wanted in FILTERS.items():
        option = f"?$filter={quote(text)}" if text else ""
        assert await names(client, f"Things{option}") == wanted, text
    hot = await get(client, "Observations?$filter=Datastream/Thing/name eq 'Kennedy' and result gt 14.99&$count=true")
    assert hot["@iot.count"] > 0
    inside = "st_contains(geography'POLYGON((106 21,107 21,107 22,106 22,106 21))',location)"
    assert await names(client, f"Locations?$filter={quote(inside)}") == THREE[1:]
    assert await names(client, f"Locations?$filter=not {quote(inside)}") == ["Kennedy"]
    assert await names(
        client, f"Things?$filter=Datastreams/id eq {(await get(client, 'Datastreams?$top=1'))['value'][0]['@iot.id']}"
    )


async def test_order_select_count_skip(client: httpx.AsyncClient) -> None:
    down = await get(client, "Things?$orderby=name desc&$select=name&$count=true")
    assert [item["name"] for item in down["value"]] == THREE[::-1]
    assert down["@iot.count"] == 3
    assert set(down["value"][0]) == {"name", "@iot.selfLink"}
    assert (await get(client, "Things?$orderby=properties/elevation desc&$top=1"))["value"][0]["name"] == THREE[2]
    assert len((await get(client, "Things?$skip=2"))["value"]) == 1
    assert (await get(client, "Things?$top=0&$count=true"))["@iot.count"] == 3


@pytest.mark.parametrize("order", ["", "result desc", "result,phenomenonTime desc", "phenomenonTime desc"])
async def test_pages_have_no_gap_and_no_repeat(client: httpx.AsyncClient, order: str) -> None:
    (stream,) = (
        await get(client, "Datastreams?$filter=properties/station eq 'jfk' and ObservedProperty/id eq 'precipitation'")
    )["value"]
    url = f"{STA}/Datastreams({stream['@iot.id']})/Observations?$top=100" + (f"&$orderby={order}" if order else "")
    seen: list[Any] = []
    while url:
        page = (await client.get(url)).json()
        seen += page["value"]
        url = page.get("@iot.nextLink", "").replace("http://nongvu.test", "")
    assert len(seen) == len({item["@iot.id"] for item in seen}) == 433
    if order.startswith("result"):
        values = [item["result"] for item in seen]
        assert values == sorted(values, reverse="result desc" in order)


async def test_expand_below_expand(client: httpx.AsyncClient) -> None:
    path = "Things?$expand=Datastreams($expand=Observations($top=1;$orderby=phenomenonTime desc),ObservedProperty;$orderby=id),Locations"
    things = {thing["name"]: thing for thing in (await get(client, path))["value"]}
    streams = things["Kennedy"]["Datastreams"]
    assert len(streams) == 5
    assert [len(stream["Observations"]) for stream in streams] == [1] * 5
    assert streams[0]["Observations"][0]["phenomenonTime"] == "2026-01-31T14:00:00Z"
    assert streams[0]["ObservedProperty"]["name"] == streams[0]["properties"]["quantity"]
    assert things["Kennedy"]["Locations"][0]["location"]["type"] == "Point"
    assert [stream["Observations"] for stream in things["Trạm Mẫu Sơn"]["Datastreams"]] == [[]] * 5
    rest = streams[0]["Observations@iot.nextLink"].replace("http://nongvu.test", "")
    second = (await client.get(rest)).json()["value"][0]
    assert second["phenomenonTime"] == "2026-01-31T13:50:00Z"
    slashed = await get(client, "Things?$expand=Datastreams/Observations($top=2;$count=true)&$filter=name eq 'Kennedy'")
    stream = slashed["value"][0]["Datastreams"][0]
    assert len(stream["Observations"]) == 2
    assert stream["Observations@iot.count"] == 433
    newest = await get(
        client, "Datastreams?$expand=Observations($top=1;$orderby=phenomenonTime desc;$filter=result ge 0)&$top=1"
    )
    assert newest["value"][0]["Observations"][0]["phenomenonTime"] == "2026-01-31T14:00:00Z"


async def test_data_arrays(client: httpx.AsyncClient) -> None:
    found = await get(client, "Observations?$resultFormat=dataArray&$top=500&$select=phenomenonTime,result")
    tables = found["value"]
    assert sum(table["dataArray@iot.count"] for table in tables) == 500
    assert tables[0]["components"] == ["phenomenonTime", "result"]


async def test_farms_are_seen_by_their_members_only(client: httpx.AsyncClient, keys: dict[str, dict[str, str]]) -> None:
    mine = await get(client, "Things?$filter=name eq 'Trạm trại B'", keys["farmer-b"])
    number = mine["value"][0]["@iot.id"]
    stream = (await get(client, f"Things({number})/Datastreams", keys["farmer-b"]))["value"][0]["@iot.id"]
    newest = (await get(client, f"Datastreams({stream})/Observations?$top=1", keys["farmer-b"]))["value"][0]["@iot.id"]
    for name in ("public", "farmer-a", "nobody"):
        for path in (f"Things({number})", f"Things({number})/Datastreams", f"Locations({number})", f"Datastreams({stream})",
                     f"Datastreams({stream})/Observations", f"Observations('{newest}')", f"FeaturesOfInterest({number})",
                     f"Observations('{newest}')/Datastream/Thing"):  # fmt: skip
            answer = await client.get(f"{STA}/{path}", headers=keys[name])
            assert answer.status_code == 404, (name, path)
        for path in ("Things", "Locations", "HistoricalLocations?$expand=Thing", "FeaturesOfInterest", "Sensors?$expand=Datastreams/Thing",
                     "ObservedProperties?$expand=Datastreams($expand=Thing,Observations($top=1);$top=1000)",
                     "Datastreams?$top=1000&$expand=Thing"):  # fmt: skip
            answer = await client.get(f"{STA}/{path}", headers=keys[name])
            assert answer.status_code == 200, answer.text
            assert "trại B" not in answer.text, (name, path)
            assert "farm-b" not in answer.text, (name, path)
        told = await client.get(f"{STA}/Datastreams?$filter=Thing/name eq 'Trạm trại B'", headers=keys[name])
        assert told.json()["value"] == []


NEW = {
    "name": "Trạm mới Đồng Đăng",
    "description": "A new one",
    "properties": {"owner": "hợp tác xã", "parent": "mau-son", "elevation": 300},
    "Locations": [
        {"name": "here", "description": "here", "encodingType": "application/geo+json",
         "location": {"type": "Point", "coordinates": [106.7, 21.95]}}
    ],
    "Datastreams": [
        {"name": "Air", "description": "Air at 2 m", "unitOfMeasurement": {"name": "degree Celsius", "symbol": "°C", "definition": "ucum:Cel"},
         "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
         "ObservedProperty": {"@iot.id": "air_temperature"},
         "Sensor": {"name": "SHT31", "description": "probe", "encodingType": "text/html", "metadata": "https://example.org"}}
    ],
}  # fmt: skip


async def test_create_change_and_delete(
    client: httpx.AsyncClient, keys: dict[str, dict[str, str]], province: str
) -> None:
    boss = keys["administrator"]
    for name, status in {"public": 401, "farmer-a": 403, "department": 403, "gateway": 403}.items():
        assert (await client.post(f"{STA}/Things", json=NEW, headers=keys[name])).status_code == status
    made = await client.post(f"{STA}/Things", json=NEW, headers=boss)
    assert made.status_code == 201, made.text
    url = made.headers["location"].replace("http://nongvu.test", "")
    assert made.json()["properties"] | {"owner": "hợp tác xã", "elevation": 300.0} == made.json()["properties"]
    assert made.json()["properties"]["code"].startswith("tram-moi-dong-dang-")
    whole = (
        await client.get(f"{url}?$expand=Locations,Datastreams($expand=Sensor,ObservedProperty),HistoricalLocations")
    ).json()
    assert whole["Locations"][0]["location"]["coordinates"] == [106.7, 21.95]
    assert whole["Datastreams"][0]["Sensor"]["name"] == "SHT31"
    assert len(whole["HistoricalLocations"]) == 1
    moved = {"location": {"type": "Point", "coordinates": [106.8, 21.9]}}
    assert (await client.patch(f"{STA}/Locations({whole['@iot.id']})", json=moved, headers=boss)).status_code == 200
    assert len((await client.get(f"{url}/HistoricalLocations")).json()["value"]) == 2
    changed = await client.patch(url, json={"name": "Đổi tên"}, headers=boss)
    assert changed.json()["name"] == "Đổi tên"
    assert changed.json()["description"] == "A new one"
    assert changed.json()["properties"]["owner"] == "hợp tác xã"
    steps = [{"op": "test", "path": "/name", "value": "Đổi tên"}, {"op": "replace", "path": "/properties/owner", "value": "An"},
             {"op": "add", "path": "/properties/fence", "value": True}]  # fmt: skip
    patched = await client.patch(
        url, content=__import__("json").dumps(steps), headers=boss | {"content-type": "application/json-patch+json"}
    )
    assert patched.json()["properties"] | {"owner": "An", "fence": True} == patched.json()["properties"]
    assert (await client.patch(url, json={"name": "x"}, headers=keys["officer"])).status_code == 403
    stream = whole["Datastreams"][0]["@iot.id"]
    second = await client.post(f"{url}/Datastreams", headers=boss, json={"ObservedProperty": {"name": "relative_humidity"},
                                                                          "Sensor": {"@iot.id": whole["Datastreams"][0]["Sensor"]["@iot.id"]}})  # fmt: skip
    assert second.status_code == 201, second.text
    again = await client.post(
        f"{url}/Datastreams", headers=boss, json={"ObservedProperty": {"name": "relative_humidity"}}
    )
    assert again.status_code == 409
    assert (await client.patch(f"{STA}/Datastreams({stream})", json={"name": "Khí"}, headers=boss)).json()[
        "name"
    ] == "Khí"
    assert (await client.delete(f"{STA}/Datastreams({stream})", headers=boss)).status_code == 200
    assert (await client.delete(url, headers=boss)).status_code == 200
    assert (await client.get(url)).status_code == 404
    (kennedy,) = (await get(client, "Things?$filter=name eq 'Kennedy'"))["value"]
    kept = await client.delete(f"{STA}/Things({kennedy['@iot.id']})", headers=boss)
    assert kept.status_code == 409
    with psycopg.connect(province) as connection:
        found = connection.execute(
            "SELECT count(*) FROM audit WHERE action IN ('created', 'changed', 'deleted')"
        ).fetchone()
    assert found == (8,)


async def test_what_cannot_be_written_is_a_clear_4xx(
    client: httpx.AsyncClient, keys: dict[str, dict[str, str]]
) -> None:
    boss = keys["administrator"]
    wrong = [
        ("POST", "ObservedProperties", {"name": "mood"}, 405),
        ("POST", "FeaturesOfInterest", {"name": "x"}, 405),
        ("POST", "Things", {"name": "x", "colour": "red"}, 400),
        ("POST", "Things", [], 400),
        ("POST", "Things", {"name": 7}, 400),
        ("POST", "Things", {"name": "x", "properties": {"parent": "nowhere"}}, 404),
        ("POST", "Things", {"name": "x", "properties": {"code": "A B"}}, 400),
        ("POST", "Things", {"name": "x", "properties": {"code": "jfk"}}, 409),
        ("POST", "Things", {"name": "x\0"}, 400),
        ("POST", "Locations", {"name": "x", "location": {"type": "Point", "coordinates": [1, 2]}}, 400),
        ("POST", "Things", {"name": "x", "Locations": [{"location": {"type": "Point", "coordinates": [1000, 2]}}]}, 400),
        ("POST", "Datastreams", {"name": "x", "Thing": {"@iot.id": 1}}, 400),
        ("POST", "Datastreams", {"Thing": {"@iot.id": 999999}, "ObservedProperty": {"name": "soil_ph"}}, 404),
        ("POST", "Datastreams", {"Thing": {"@iot.id": 6}, "ObservedProperty": {"name": "air_temperature"},
                                 "unitOfMeasurement": {"symbol": "K"}}, 400),
        ("POST", "Things(6)", {"name": "x"}, 405),
        ("PATCH", "Things", {"name": "x"}, 405),
        ("PATCH", "Things(999999)", {"name": "x"}, 404),
        ("PATCH", "ObservedProperties('air_temperature')", {"name": "x"}, 405),
        ("DELETE", "Observations", None, 405),
        ("DELETE", "Sensors(1)", None, 404),
        ("POST", "Observations", {"result": "hot", "Datastream": {"@iot.id": 1}}, 400),
        ("POST", "Observations", {"result": 1}, 400),
        ("POST", "CreateObservations", {"a": 1}, 400),
        ("POST", "CreateObservations", [{"Datastream": {"@iot.id": 1}, "components": ["result"], "dataArray": [[1, 2]]}], 400),
    ]  # fmt: skip
    for method, path, body, status in wrong:
        answer = await client.request(method, f"{STA}/{path}", json=body, headers=boss)
        assert answer.status_code == status, (method, path, body, answer.status_code, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_bad_queries_are_4xx_with_a_helpful_problem(client: httpx.AsyncClient) -> None:
    long_or = " or ".join(["result eq 1"] * 1000)
    wrong = [
        "Nothing", "Things(x)", "Things(0)/Nothing", "Things(99999999999999999999)", "Things('1')", "Observations(1)",
        "Observations('x@y')", "Observations('1@99999999999999999')", "Things(1)(2)", "Things?$top=-1", "Things?$top=x",
        "Things?$skip=99999999", "Things?$count=maybe", "Things?$nothing=1", "Things?$top=1&$top=2", "Things?$select=nothing",
        "Things?$expand=Nothing", "Things?$expand=Datastreams(", "Things?$expand=Datastreams)", "Things?$orderby=nothing",
        "Things?$orderby=name sideways", "Things?$orderby=length(name)", "Locations?$orderby=location",
        "Things?$filter=name eq", "Things?$filter=name eq 1", "Things?$filter=name", "Things?$filter=name gt null",
        "Things?$filter=nothing eq 1", "Things?$filter=name eq 'x' or", "Things?$filter='", "Things?$filter=sleep(10)",
        "Things?$filter=length(1) eq 1", "Things?$filter=length('a','b') eq 1", "Things?$filter=name add 1 eq 2",
        "Things?$filter=Datastreams/name eq name", "Things?$filter=1e999 eq 1", "Things?$filter=" + "(" * 5000,
        "Things?$filter=" + "not " * 2500 + "true", "Things?$filter=" + long_or[:10_000],
        "Things?$filter=" + "a/" * 5000 + "b eq 1", "Things?$filter=geo.distance(Locations/location,geography'CIRCLE(1 2)') lt 1",
        "Things?$filter=st_within(name,geography'POINT(1 2)')", "Things?$filter=name eq geography'POINT(1 2)'",
        "Things?$filter=st_within(Locations/location,geography'POLYGON((1 2,3 4))')",
        "Things?$filter=2026-13-45T00:00:00Z eq now()", "Things?$filter=duration'P' eq duration'P1D'",
        "Things?$expand=" + "Datastreams/Thing/" * 200 + "Datastreams", "Things?$expand=" + ",".join(["Datastreams"] * 50),
        "Things?$expand=Datastreams($expand=Thing($expand=Datastreams($expand=Thing($expand=Datastreams($expand=Thing)))))",
        "Things?$skiptoken=x", "Things?$skiptoken=W10", "Things?$skiptoken=WzFlNDAwXQ", "Things?$skiptoken=bnVsbA",
        "Things?$resultFormat=dataArray", "Observations?$resultFormat=x",
        "Things?$filter=name eq 'x'; DROP TABLE place", "Things?$filter=name eq 'x' UNION SELECT 1",
    ]  # fmt: skip
    for path in wrong:
        answer = await client.get(f"{STA}/{path}")
        assert 400 <= answer.status_code < 500, (path[:100], answer.status_code, answer.text[:200])
        assert answer.json()["detail"]
    harmless = "Things?$filter=name eq 'x''; DROP TABLE place; --' or startswith(name,'%') or properties/a'b eq null"
    assert (await client.get(f"{STA}/{quote(harmless, safe='?=$')}")).status_code in {200, 400}
    assert len(await names(client, "Things")) == 3


def test_deep_and_long_filters_are_refused_at_once() -> None:
    for text in ("(" * 31 + "true" + ")" * 31, " or ".join(["a eq 1"] * 200), "-" * 5000 + "1 eq 1", "a eq 1 " * 300):
        with pytest.raises(Problem):
            parse(text)


@pytest.mark.parametrize(
    ("coordinates", "says"),
    [([449314.3, 2417549.6], "EPSG:4326"), ([21.8, 106.7], "latitude first"), ([0, 0], "know no position"),
     (["106.7", "21.8"], "without quotes"), ([True, 21.8], "no number"), ([106.7], "no position"),
     ([106.7, 21.8, 1, 2], "no position"), ([100.5, 13.7], "mau-son"), (7, "no position")],
)  # fmt: skip
async def test_a_station_stands_on_earth_and_near_its_place(client, keys, coordinates, says) -> None:
    """Made, and moved afterwards: the place and the remedy are told, nothing is written."""
    boss = keys["administrator"]
    before = (await client.get(f"{STA}/Things?$count=true", headers=boss)).json()["@iot.count"]
    wrong = {"type": "Point", "coordinates": coordinates}
    made = await client.post(f"{STA}/Things", json=NEW | {"Locations": [NEW["Locations"][0] | {"location": wrong}]},
                             headers=boss)  # fmt: skip
    assert made.status_code == 400, made.text
    assert says in made.text
    assert (await client.get(f"{STA}/Things?$count=true", headers=boss)).json()["@iot.count"] == before
    (station,) = (
        await client.get(f"{STA}/Things?$filter=name eq 'Trạm Mẫu Sơn'&$expand=Locations", headers=boss)
    ).json()["value"]
    moved = await client.patch(f"{STA}/Locations({station['@iot.id']})", json={"location": wrong}, headers=boss)
    assert moved.status_code == 400, moved.text
    assert says in moved.text
    (after,) = (
        await client.get(f"{STA}/Things?$filter=name eq 'Trạm Mẫu Sơn'&$expand=Locations", headers=boss)
    ).json()["value"]
    assert after["Locations"] == station["Locations"]
