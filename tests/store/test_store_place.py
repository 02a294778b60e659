"""Places and gateways through the command, as an operator types it."""

import importlib
import json
import os
import subprocess
import sys

import psycopg
import pytest
from typer.testing import CliRunner

from nongvu import ROOMS
from store.migrate import MigrationError, migrate


@pytest.fixture
def nongvu(database, monkeypatch):
    """The command, within this process."""
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)

    def call(room, *arguments, code=0):
        where = ROOMS[room]
        done = CliRunner().invoke(getattr(importlib.import_module(where.module), where.attribute), [*arguments])
        assert done.exit_code == code, done.output + repr(done.exception)
        return done.output

    return call


def test_the_register_of_lang_son(nongvu, database):
    assert "66 places" in nongvu("place", "import", "--register", "lang-son")
    nongvu("place", "import", "--register", "lang-son")  # harmless to repeat
    rows = json.loads(nongvu("place", "list", "--kind", "commune", "--json"))
    assert len(rows) == 65
    assert {row["parent"] for row in rows} == {"lang-son"}
    assert "Mẫu Sơn" in {row["name"] for row in rows}
    with psycopg.connect(database) as connection:
        codes = connection.execute(
            "SELECT count(DISTINCT properties ->> 'register_code'), count(geometry) FROM place WHERE kind = 'commune'"
        ).fetchone()
    assert codes == (65, 0)  # no boundary is invented


def test_station_and_gateway(nongvu, database):
    nongvu("place", "import", "--register", "lang-son")
    nongvu("gateway", "add", "hut-01")
    nongvu("place", "add", "mau-son-1", "station", "Trạm Mẫu Sơn", "--parent", "lang-son-mau-son", "--gateway", "hut-01",
           "--latitude", "21.85", "--longitude", "106.92")  # fmt: skip
    (row,) = json.loads(nongvu("gateway", "list", "hut-01", "--json"))
    assert row["stations"] == ["mau-son-1"]
    said = nongvu("gateway", "add", "hut-02", "--station", "mau-son-1")  # a station is one gateway's at a time
    assert "mau-son-1 was hut-01's until now" in said
    assert "until now" not in nongvu("gateway", "add", "hut-02", "--station", "mau-son-1")
    rows = {row["code"]: row for row in json.loads(nongvu("gateway", "list", "--json"))}
    assert (rows["hut-01"]["stations"], rows["hut-02"]["stations"]) == ([], ["mau-son-1"])
    said = nongvu("gateway", "list")
    assert "hut-02  never seen" in said
    assert "api  takes readings posted to the API" in said
    assert "Trạm Mẫu Sơn" in nongvu("place", "list", "--below", "lang-son-mau-son")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM audit WHERE action = 'gateway add'").fetchone() == (3,)
    assert "secrets" in nongvu("gateway", "rotate", "hut-01", code=1)  # no broker was named
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM audit WHERE action = 'gateway rotate'").fetchone() == (0,)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("place", "add", "Bad Code", "farm", "x"), "no code"),
        (("place", "add", "x", "castle", "x"), "no kind"),
        (("place", "add", "x", "farm", "x", "--parent", "nowhere"), "parent 'nowhere' is unknown"),
        (("place", "add", "x", "farm", "x", "--latitude", "100", "--longitude", "1"), "latitude 100"),
        (("place", "add", "x", "farm", "x", "--time-zone", "Mars/Olympus"), "no IANA time zone"),
        (("gateway", "add", "UPPER"), "no gateway code"),
        (("gateway", "add", "g", "--station", "nowhere"), "no station 'nowhere'"),
        (("gateway", "orders", "nobody"), "no gateway 'nobody'"),
    ],
)
def test_what_cannot_be_is_said_in_words(nongvu, arguments, says):
    assert says in nongvu(*arguments, code=1)


def test_import_is_all_or_nothing(nongvu, tmp_path):
    file = tmp_path / "places.csv"
    file.write_text("code,kind,name,parent\nfarm-1,farm,Farm,\nfield-1,field,Field,farm-2\n")
    assert "farm-2" in nongvu("place", "import", str(file), code=1)
    assert json.loads(nongvu("place", "list", "--json")) == []
    file.write_text("code,kind,name,parent\nfarm-1,farm,Farm,\nfield-1,field,Field,farm-1\n")
    assert "2 places" in nongvu("place", "import", str(file))


def test_wrong_settings_end_with_two():
    environment = {key: value for key, value in os.environ.items() if key != "NONGVU_DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "nongvu", "place", "list"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "NONGVU_DATABASE_URL" in done.stderr


def test_store_check_finds_an_orphan(nongvu, database):
    nongvu("store", "check")
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO reading VALUES ('2026-01-01', 1, 999, 1, 1)")
    findings = json.loads(nongvu("store", "check", "--json", code=1))
    assert {row["subject"] for row in findings if row["grade"] == "wrong"} == {"orphans"}


SQUARE = [[106.7, 21.8], [106.8, 21.8], [106.8, 21.9], [106.7, 21.9], [106.7, 21.8]]


def feature(geometry, code="field-1", **properties):
    told = {"code": code, "kind": "field", "name": f"Ruộng {code}"} | properties
    return {"type": "Feature", "properties": told, "geometry": geometry}


def polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


def collection(*features, **more):
    return {"type": "FeatureCollection", "features": list(features)} | more


GOOD = feature(polygon(SQUARE), "field-0")
METRES = polygon([[449314.3, 2417549.6], [449400.0, 2417549.6], [449400.0, 2417600.0], [449314.3, 2417549.6]])
FILES = {
    "metres": (collection(GOOD, feature(METRES)), ("feature 2 (Ruộng field-1)", "449314.3, 2417549.6", "EPSG:4326")),
    "latitude first": (collection(GOOD, feature(polygon([p[::-1] for p in SQUARE]))), ("feature 2", "latitude first")),
    "a bow tie": (collection(GOOD, feature(polygon([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]))),
                  ("feature 2", "crosses itself at [106.75, 21.85]")),
    "far from its parent": (collection(GOOD, feature(polygon([[x - 9, y] for x, y in SQUARE]), parent="lang-son-mau-son")),
                            ("feature 2", "field-1", "lang-son-mau-son", "km")),
    "unknown properties": (collection(GOOD, feature(polygon(SQUARE), land_use="LUC", sheet="5")),
                           ("feature 2", "'land_use' is no property", "'sheet'")),
    "longitude beside a geometry": (collection(feature(polygon(SQUARE), lon=106.7)), ("'lon' is no property", "leave it out")),
    "a code twice": (collection(GOOD, feature(polygon(SQUARE), "field-0")), ("feature 2", "field-0", "feature 1")),
    "no code": (collection(GOOD, feature(polygon(SQUARE), None)), ("feature 2", "code is missing")),
    "a height that is none": (collection(GOOD, feature(polygon(SQUARE), elevation="high")), ("elevation 'high'", "metres")),
    "a height in space": (collection(GOOD, feature(polygon(SQUARE), elevation=99999)), ("99999", "none on Earth")),
    "another crs": (collection(GOOD, crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::9215"}}),
                    ("EPSG::9215", "WGS 84")),
    "no crs": (collection(GOOD, crs=None), ("crs", "WGS 84")),
    "no features": (collection(), ("no features",)),
    "features that are none": (collection(GOOD, {"type": "Polygon"}), ("feature 2 is no feature",)),
    "null for a feature": (collection(None), ("feature 1 is no feature",)),
    "a bare geometry": (polygon(SQUARE), ("a Polygon", "FeatureCollection")),
    "a list": ([GOOD], ("no GeoJSON",)),
    "a topology": ({"type": "Topology", "objects": {}}, ("a Topology",)),
    "a collection of geometries": (collection(feature({"type": "GeometryCollection", "geometries": []})),
                                   ("feature 1", "GeometryCollection")),
    "NaN": ('{"type": "FeatureCollection", "features": [NaN]}', ("NaN",)),
    "broken": ('{"type": "FeatureCollection", "features": [', ("line 1", "no JSON")),
    "of other letters": ('{"type": "Ruộng"}'.encode("utf-16"), ("UTF-8",)),
    "deep": ("[" * 100_000, ("nested too deeply",)),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_geojson_of_what_is_no_place_writes_nothing_and_says_where(nongvu, database, tmp_path, name):
    content, says = FILES[name]
    file = tmp_path / "vn.geojson"
    raw = (
        content
        if isinstance(content, bytes)
        else (content if isinstance(content, str) else json.dumps(content)).encode()
    )
    file.write_bytes(raw)
    nongvu("place", "import", "--register", "lang-son")
    said = nongvu("place", "import", str(file), code=1)
    for text in ("vn.geojson", *says):
        assert text in said, said
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM place WHERE kind = 'field'").fetchone() == (0,)


def test_an_outline_gives_its_place_a_point_inside(nongvu, database, tmp_path):
    """A ring about a valley: its centroid is not in it."""
    around = polygon(SQUARE, [[106.71, 21.81], [106.71, 21.89], [106.79, 21.89], [106.79, 21.81], [106.71, 21.81]])
    file = tmp_path / "vn.geojson"
    file.write_text("\ufeff" + json.dumps(collection(feature(around, parent="lang-son-mau-son", elevation="250,5"),
                                                     feature(None, "field-2", fid=None))))  # fmt: skip
    nongvu("place", "import", "--register", "lang-son")
    assert "2 places" in nongvu("place", "import", str(file))
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT longitude, latitude, elevation, geometry ->> 'type' FROM place WHERE kind = 'field'"
                                  " ORDER BY code").fetchall()  # fmt: skip
    longitude, latitude, elevation, kind = rows[0]
    assert 106.7 < longitude < 106.8
    assert 21.8 < latitude < 21.9
    assert not (106.71 <= longitude <= 106.79 and 21.81 <= latitude <= 21.89)
    assert (elevation, kind) == (250.5, "Polygon")
    assert rows[1] == (None, None, None, None)
    (tmp_path / "one.json").write_text(json.dumps(feature(polygon(SQUARE), "field-3")))
    assert "1 places" in nongvu("place", "import", str(tmp_path / "one.json"))
    (tmp_path / "point.csv").write_text("code,kind,name,longitude,latitude\nfield-3,field,F,106.9,21.85\n")
    assert "outside of the outline" in nongvu("place", "import", str(tmp_path / "point.csv"), code=1)


LISTS = {
    "metres": ("longitude,latitude\n449314.3,2417549.6", ("line 2", "449314.3", "EPSG:4326")),
    "latitude first": ("longitude,latitude\n21.8,106.7", ("line 2", "latitude first")),
    "not a number": ("longitude,latitude\nnan,21.8", ("line 2", "nan")),
    "infinite": ("longitude,latitude\n106.7,inf", ("line 2", "inf")),
    "degrees and minutes": ("longitude,latitude\n106°45',21°50'", ("line 2", "106°45'", "106.7580")),
    "nowhere": ("longitude,latitude\n0,0", ("line 2", "know no position")),
    "half": ("longitude,latitude\n106.7,", ("line 2", "together")),
    "far": ("longitude,latitude,parent\n100.5,13.7,lang-son", ("line 2 (Tên)", "lang-son", "km")),
    "another name": ("Lon,Lat\n106.7,21.8", ("line 2 (Tên)", "'Lon' is no property", "write 'longitude'")),
    "unknown": ("colour\nred", ("line 2 (Tên)", "'colour' is no property")),
    "a column twice": ("longitude,latitude,longitude\n106.7,21.8,449314.3", ("longitude is there twice",)),
    "a height in space": ("elevation\n1e9", ("line 2", "none on Earth")),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_what_is_no_place_writes_nothing_and_says_where(nongvu, tmp_path, name):
    rows, says = LISTS[name]
    head, row = rows.split("\n")
    file = tmp_path / "list.csv"
    file.write_text(f"code,kind,name,{head}\nst-1,station,Tên,{row}\n", encoding="utf-8-sig")
    nongvu("place", "import", "--register", "lang-son")
    said = nongvu("place", "import", str(file), code=1)
    for text in ("list.csv", *says):
        assert text in said, said
    assert json.loads(nongvu("place", "list", "--kind", "station", "--json")) == []


def test_a_list_in_other_letters_and_one_with_decimal_commas(nongvu, tmp_path):
    file = tmp_path / "list.csv"
    file.write_bytes("code,kind,name\nst-1,station,Trạm\n".encode("utf-16"))
    assert "list.csv is no UTF-8 text" in nongvu("place", "import", str(file), code=1)
    file.write_text('code,kind,name,longitude,latitude\nst-1,station,Trạm,"106,75","21,85"\n')
    nongvu("place", "import", str(file))
    (row,) = json.loads(nongvu("place", "list", "--json"))
    assert (row["longitude"], row["latitude"]) == (106.75, 21.85)
    file.write_text("code,kind,name\nst-1,station,A\nst-1,station,B\n")
    said = nongvu("place", "import", str(file), code=1)
    assert "line 3 (B)" in said
    assert "line 2 (A)" in said


@pytest.mark.parametrize(
    ("longitude", "latitude", "says"),
    [("449314.3", "2417549.6", "EPSG:4326"), ("21.8", "106.7", "latitude first"), ("nan", "21", "nan"),
     ("0", "0", "know no position"), ("100.5", "13.7", "lang-son-mau-son")],
)  # fmt: skip
def test_adding_what_lies_nowhere(nongvu, longitude, latitude, says):
    nongvu("place", "import", "--register", "lang-son")
    assert says in nongvu("place", "add", "st-1", "station", "S", "--parent", "lang-son-mau-son", "--longitude", longitude,
                          "--latitude", latitude, code=1)  # fmt: skip


def test_store_check_finds_outlines_that_were_taken_unchecked(nongvu, database, tmp_path):
    file = tmp_path / "vn.geojson"
    file.write_text(json.dumps(collection(GOOD, feature(polygon(SQUARE)))))
    nongvu("place", "import", str(file))
    assert "outlines" not in nongvu("store", "check")
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE place SET geometry = %s WHERE code = 'field-1'", [json.dumps(METRES)])
        connection.execute("UPDATE place SET longitude = NULL, latitude = NULL WHERE code = 'field-0'")
    says = [
        row["says"] for row in json.loads(nongvu("store", "check", "--json", code=1)) if row["subject"] == "outlines"
    ]
    assert len(says) == 2
    assert "field-1" in says[0]
    assert "449314.3" in says[0]
    assert "field-0" in says[1]
    nongvu("place", "import", str(file))
    assert "outlines" not in nongvu("store", "check")


def test_a_time_zone_that_is_none_never_gets_into_the_table(database):
    """One such place stopped analytics at every place: who writes past the command is refused as well."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('s', 'station', 'S')")
        for zone in ("Etc/Nowhere", "", "Asia/Hà Nội"):
            with pytest.raises(psycopg.errors.InvalidParameterValue, match="not recognized"):
                connection.execute("UPDATE place SET time_zone = %s", [zone])
        connection.execute("UPDATE place SET time_zone = 'Asia/Bangkok'")


def test_an_upgrade_names_the_places_whose_time_zone_is_none(database):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ALTER TABLE place DROP CONSTRAINT place_time_zone_check")
        connection.execute("DELETE FROM migration WHERE name = '0235_known_time_zones.sql'")
        connection.execute(
            "INSERT INTO place (code, kind, name, time_zone) VALUES ('a', 'field', 'A', 'Etc/Nowhere'),"
            " ('b', 'field', 'B', 'Asia/Bangkok')"
        )
        with pytest.raises((psycopg.Error, MigrationError), match=r'time zone "Etc/Nowhere" of a is none'):
            migrate(database)
        connection.execute("UPDATE place SET time_zone = 'Asia/Ho_Chi_Minh' WHERE code = 'a'")
        assert migrate(database) == ["0235_known_time_zones.sql"]
