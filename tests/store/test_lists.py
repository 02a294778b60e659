"""Files that operators keep, what a gateway's status asks somebody to look at, and metrics over HTTP."""

import json
import re
import urllib.request

import pytest

from store import csv_list, geojson
from store.gateway_remarks import remarks
from store.metrics import serve_metrics
from store.place import PlaceError
from telemetry.settings import Settings

POINT = {"type": "Point", "coordinates": [106.8, 21.8]}


def feature(**properties):
    given = {"code": "hl", "kind": "commune", "name": "Hữu Lũng"} | properties
    return {"type": "Feature", "properties": given, "geometry": None}


def read(tmp_path, document):
    path = tmp_path / "places.geojson"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return list(geojson.from_geojson(path))


def test_features_are_places(tmp_path):
    whole = feature(parent="ls", elevation="260.5", time_zone="Asia/Bangkok", soil="clay")
    (one,) = read(tmp_path, {"type": "FeatureCollection", "features": [whole]})
    assert (one.code, one.kind, one.name, one.parent, one.elevation, one.time_zone) == (
        "hl", "commune", "Hữu Lũng", "ls", 260.5, "Asia/Bangkok",
    )  # fmt: skip
    assert one.properties == {"soil": "clay"}
    assert one.origin == "places.geojson, feature 1 (Hữu Lũng)"
    (bare,) = read(tmp_path, b"\xef\xbb\xbf" + json.dumps(feature(parent="")).encode())
    assert (bare.parent, bare.elevation, bare.time_zone, bare.properties) == (None, None, "Asia/Ho_Chi_Minh", {})


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"[]", "places.geojson is something else, no GeoJSON FeatureCollection"),
        (b'{"type": "Polygon"}', "is a Polygon, no GeoJSON FeatureCollection"),
        (b'{"type": "FeatureCollection", "features": []}', "has no features: nothing was imported"),
        (b'{"type": "FeatureCollection"}', "has no features"),
        (b'{"type": "Feature",\n "x": }', "line 2, column 7: no JSON"),
        (b'{"type": "Feature", "properties": {"elevation": NaN}}', "NaN is no number of JSON"),
        ("Hữu Lũng".encode("utf-16"), "is no UTF-8 text: export it as UTF-8"),
        (b"[" * 200_000, "is nested too deeply to be GeoJSON"),
        ({"type": "FeatureCollection", "features": [feature(), 7]}, "feature 2 is no feature"),
        ({"type": "FeatureCollection", "features": [feature() | {"properties": [1]}]}, "its properties are no object"),
        (feature(code=None, kind=""), "feature 1 (Hữu Lũng): property code, kind is missing"),
        (feature(name=""), "feature 1: property name is missing"),
        (feature(elevation="high"), "feature 1 (Hữu Lũng): "),
    ],
)
def test_what_is_no_place_names_file_feature_and_remedy(tmp_path, document, says):
    with pytest.raises(PlaceError) as caught:
        read(tmp_path, document)
    assert says in str(caught.value)


class ListError(ValueError):
    """What is wrong in a list of these tests."""


def listed(tmp_path, text):
    path = tmp_path / "list.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(
        csv_list.read_list(
            path, ("code", "sown"), ("code",), lambda row, more: (row["code"], int(row["sown"] or 0), more), ListError
        )
    )


def test_rows_with_what_else_is_known(tmp_path):
    rows = [("f-1", 3, {"soil": "clay"}), ("f-2", 0, {"depth": "0.4"})]
    text = "\ufeffcode,sown,soil,depth\nf-1,3,clay,\n\nf-2,,,0.4\n"
    assert listed(tmp_path, text) == [(2, rows[0]), (4, rows[1])]  # an empty line is no row, and counts
    assert listed(tmp_path, text.replace(",", ";")) == listed(tmp_path, text.replace("soil", " soil "))
    assert listed(tmp_path, "code,sown\n") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("code,sown\nf-1,1\n,2\n", "list.csv, line 3: column code is missing or empty"),
        ("sown\n1\n", "list.csv has no column code: it needs code"),
        ("", "list.csv has no column code: it needs code"),
        ("code,sown\nf-1,1,9\n", "list.csv, line 2: there are more cells than columns"),
        ("code,sown\nf-1,x\n", "list.csv, line 2: invalid literal"),
        ("code,sown,sown,code\n", "list.csv: column code, sown is there twice"),
        (b"code\n\xff\n", "list.csv is no UTF-8 text: save it as CSV UTF-8"),
    ],
)
def test_what_is_no_row_names_file_and_line(tmp_path, text, says):
    with pytest.raises(ListError) as caught:
        listed(tmp_path, text)
    assert says in str(caught.value)


def test_what_a_status_asks_to_look_at():
    status = {
        "units": [
            {"name": "rain", "withheld": 3, "doubt": "jump"},
            {"name": "wind", "withheld": 0},
            {"name": "x", "withheld": True},
        ],
        "relays": [
            {"name": "pump", "on": True, "knowledge": "unconfirmed", "detail": "no answer"},
            {"name": "siren", "on": False, "knowledge": "confirmed"},
            {"name": "lamp", "knowledge": "unknown"},
        ],
        "alarms": [{"name": "flood", "why": "no time", "disregarded": 5}, {"name": "frost", "why": ""}],
    }
    assert remarks(status) == [
        "rain: 3 counts withheld that could not be; last: jump",
        "relay pump: on, unconfirmed; no answer",
        "relay lamp: off, unknown; None",
        "alarm flood: does not act, no time (5 readings disregarded)",
    ]


@pytest.mark.parametrize(
    "status",
    [None, {}, [], "on", {"units": 3}, {"units": [7, None]}, {"relays": {"a": 1}}, {"units": [{"withheld": "3"}]}],
)
def test_what_is_not_understood_of_a_status_is_passed_over(status):
    assert remarks(status) == []


def test_metrics_are_served_where_a_port_was_given(capsys):
    serve_metrics(Settings(metrics_port=None), "none")
    assert capsys.readouterr().out == "", "nothing is served"
    serve_metrics(Settings(metrics_port=0, metrics_host="127.0.0.1"), "tried")
    said = capsys.readouterr().out
    port = int(re.search(r"port\W+(\d+)", re.sub(r"\x1b\[[0-9;]*m", "", said)).group(1))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert b"process_cpu_seconds_total" in answer.read()
