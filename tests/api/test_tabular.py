"""Every list as CSV, Parquet and an Arrow stream: the same rows as in JSON, page by page."""

import csv
import io
import json

import httpx
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.routes.collections import LISTS

Keys = dict[str, dict[str, str]]
PATHS = ["stations", "latest", "stations/huu-lung-1/latest", "stations/huu-lung-1/indices", "alerts",
         *(listing.path for listing in LISTS)]  # fmt: skip


@pytest.fixture
def more(province: str) -> None:
    """A row in lists that would be empty."""
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO season (place, crop, variety, sown) SELECT id, 'rice', 'Bao thai, "sớm"', '2026-01-01' FROM place
            WHERE code = 'farm-a';
            INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)
            SELECT min(id), '2026-01-31 13:00Z', '2026-01-31 13:00Z', 4, 'a
            line', 'person:b', '2026-01-31 13:00Z' FROM datastream;
            INSERT INTO audit (who, action, subject, detail) VALUES ('=1+1', 'x', 'y', '{"a": [1, null]}')
            """
        )


@pytest.mark.usefixtures("more")
@pytest.mark.parametrize("path", PATHS)
async def test_a_list_is_the_same_in_every_format(client: httpx.AsyncClient, keys: Keys, path: str) -> None:
    url, headers = f"/v1/{path}", keys["administrator"]
    items = (await client.get(url, headers=headers)).json()["items"]
    as_csv = await client.get(url, params={"format": "csv"}, headers=headers)
    assert as_csv.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(as_csv.text)))
    assert len(rows) == len(items)
    for row, item in zip(rows, items, strict=True):
        for name, value in item.items():
            plain = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            assert row[name].replace(" ", "") == plain.replace(" ", ""), (name, row[name], value)
    parquet = await client.get(url, headers=headers | {"accept": "application/vnd.apache.parquet"})
    arrow = await client.get(url, params={"format": "arrow"}, headers=headers)
    tables = pq.read_table(io.BytesIO(parquet.content)), pa.ipc.open_stream(arrow.content).read_all()
    assert tables[0].equals(tables[1])
    assert tables[0].num_rows == len(items)
    for name in ("time", "started", "said_at", "at"):
        if name in tables[0].column_names:
            assert str(tables[0].schema.field(name).type) == "timestamp[us, tz=UTC]"
    tag = {"if-none-match": as_csv.headers["etag"]}
    assert (await client.get(url, params={"format": "csv"}, headers=headers | tag)).status_code == 304


async def test_pages_of_a_table_are_linked(client: httpx.AsyncClient) -> None:
    url, seen = "/v1/stations?limit=2&format=csv", []
    while url:
        answer = await client.get(url)
        seen += [row["code"] for row in csv.DictReader(io.StringIO(answer.text))]
        url = answer.links.get("next", {}).get("url")
    assert seen == ["huu-lung-1", "jfk", "mau-son-1"]
    assert (await client.get("/v1/stations", headers={"accept": "image/png"})).status_code == 406
