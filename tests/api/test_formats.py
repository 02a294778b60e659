"""Readings as CSV, Parquet and Arrow; entity tags."""

import csv
from io import BytesIO, StringIO

import httpx
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

URL = "/v1/stations/huu-lung-1/readings?datastream=air_temperature&datastream=soil_moisture/-0.30m&limit=10000"


async def test_every_format_says_the_same(client: httpx.AsyncClient) -> None:
    items = (await client.get(URL)).json()["items"]
    wanted = [(item["datastream"], item["time"][:19], item["value"], item["quality"]) for item in items]
    assert len(wanted) == 288
    text = (await client.get(URL, headers={"accept": "text/csv"})).text
    rows = list(csv.DictReader(StringIO(text)))
    said = [(row["datastream"], row["time"][:19], float(row["value"]), row["quality"]) for row in rows]
    assert said == wanted
    parquet = pq.read_table(BytesIO((await client.get(URL + "&format=parquet")).content))
    stream = pa.ipc.open_stream((await client.get(URL + "&format=arrow")).content).read_all()
    for table in (parquet, stream):
        said = [
            (row["datastream"], row["time"].strftime("%Y-%m-%dT%H:%M:%S"), row["value"], row["quality"])
            for row in table.to_pylist()
        ]
        assert said == wanted


async def test_buckets_in_every_format(client: httpx.AsyncClient) -> None:
    url = "/v1/readings?station=huu-lung-1&station=jfk&datastream=air_temperature&every=1h&from=2026-01-29T00:00:00Z"
    items = (await client.get(url)).json()["items"]
    assert {item["station"] for item in items} == {"huu-lung-1", "jfk"}
    rows = list(csv.DictReader(StringIO((await client.get(url + "&format=csv")).text)))
    assert [float(row["value"]) for row in rows] == pytest.approx([item["value"] for item in items])
    table = pq.read_table(BytesIO((await client.get(url + "&format=parquet")).content))
    assert table["count"].to_pylist() == [item["count"] for item in items]


async def test_long_times_are_taken_in_pieces_without_gap_or_repeat(client: httpx.AsyncClient, province: str) -> None:
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO reading SELECT moment, 1, min(datastream.id), 1, 1 FROM datastream,"
            " generate_series(timestamptz '2020-01-01', '2024-01-01', '1 day') AS moment GROUP BY moment"
        )
    url = URL.replace("limit=10000", "from=2019-01-01T00:00:00Z&to=2025-01-01T00:00:00Z")
    rows = list(csv.DictReader(StringIO((await client.get(url + "&format=csv")).text)))
    assert len({row["time"] for row in rows}) == len(rows) == 1462
    assert pq.read_table(BytesIO((await client.get(url + "&format=parquet")).content)).num_rows == 1462


async def test_nothing_is_a_file_too(client: httpx.AsyncClient) -> None:
    url = URL + "&from=2000-01-01T00:00:00Z&to=2000-01-02T00:00:00Z&format="
    assert pq.read_table(BytesIO((await client.get(url + "parquet")).content)).num_rows == 0
    assert (await client.get(url + "csv")).text == "station,datastream,time,value,quality,flag\r\n"


async def test_farms_readings_are_left_out(client: httpx.AsyncClient, keys: dict[str, dict[str, str]]) -> None:
    url = "/v1/readings?station=farm-a-1&station=huu-lung-1&format=csv"
    assert "farm-a-1" not in (await client.get(url)).text
    assert "farm-a-1" not in (await client.get(url, headers=keys["farmer-b"])).text
    assert "farm-a-1" in (await client.get(url, headers=keys["farmer-a"])).text


async def test_what_has_not_changed_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/v1/stations")
    again = await client.get("/v1/stations", headers={"if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert again.status_code == 304
    assert again.content == b""
    assert (await client.get("/v1/stations", headers={"if-none-match": '"other"'})).status_code == 200


async def test_other_formats_are_406(client: httpx.AsyncClient) -> None:
    assert (await client.get(URL, headers={"accept": "image/png"})).status_code == 406
    assert (await client.get(URL + "&format=xlsx")).status_code == 422


async def test_long_times_come_from_the_rollups_and_agree(client: httpx.AsyncClient, province: str) -> None:
    url = "/v1/stations/huu-lung-1/readings?every=1h&from=2025-12-01T00:00:00Z&to=2026-01-31T14:00:00Z&limit=10000"
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO touched (place, from_time, to_time) SELECT id, '2026-01-28', '2026-02-01' FROM place"
            " WHERE kind = 'station'"
        )
    rolled = (await client.get(url)).json()["items"]
    raw = (await client.get(url.replace("2025-12-01", "2026-01-28"))).json()["items"]
    assert len(rolled) > 300
    pairs = {(item["datastream"], item["time"]): item["value"] for item in rolled}
    for item in raw:
        if item["datastream"] != "wind_direction" and item["time"] < "2026-01-31T14:00:00Z":
            assert pairs[item["datastream"], item["time"]] == pytest.approx(item["value"]), item
