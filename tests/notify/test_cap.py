"""CAP messages: valid by the schema of OASIS, by another maker's validator, and by our stricter checks."""

import copy
import json
import subprocess
from datetime import timedelta

import pytest
from capvalidator.validate import Validator
from lxml import etree

from notify.publications import cap
from tests.notify.conftest import NOW, Province, running, until

CAP = f"{{{cap.NAMESPACE}}}"
SQUARE = ((21.8, 106.7), (21.8, 106.8), (21.9, 106.8), (21.8, 106.7))


def warn(**changes):
    said = cap.Said("Rét hại", "Rét hại tại Đồng Đăng", "Nhiệt độ trung bình 11 °C & giảm < 10", "Giữ ấm")
    values = {
        "identifier": "nongvu.example-12-1", "sender": "nongvu.example", "sender_name": "Nông Vụ", "status": "Test",
        "kind": "open", "level": 3, "basis": "observed", "rule": "cold_spell", "hazard": "cold", "sent": NOW, "onset": NOW,
        "expires": NOW + timedelta(hours=6), "time_zone": "Asia/Ho_Chi_Minh",
        "said": {"vi": said, "en": cap.Said("Damaging cold", "Damaging cold", "Mean 11 C", "")}, "area": "Đồng Đăng",
        "codes": (("nongvu:commune", "dong-dang"),), "polygons": (), "circle": (21.94, 106.7), "references": (),
        "web": "https://example.org",
    }  # fmt: skip
    return cap.Warn(**(values | changes))


def valid(octets):
    well, why = Validator(octets).schema()
    assert well, why


@pytest.mark.parametrize("kind", cap.TYPES)
@pytest.mark.parametrize("basis", ["observed", "forecast"])
@pytest.mark.parametrize("shape", [{}, {"polygons": (SQUARE,)}, {"circle": None}])
def test_every_kind_of_step_is_valid(kind, basis, shape):
    references = () if kind == "open" else (cap.reference(warn()),)
    root = cap.message(warn(kind=kind, basis=basis, references=references, **shape))
    valid(cap.octets(root))
    assert root.findtext(f"{CAP}msgType") == cap.TYPES[kind][0]
    assert root.findtext(f"{CAP}sent") == "2026-01-15T10:00:00+07:00"
    assert [info.findtext(f"{CAP}language") for info in root.iter(f"{CAP}info")] == ["vi-VN", "en"]


@pytest.mark.parametrize(
    ("where", "value", "reason"),
    [
        ("identifier", "a b", "space"),
        ("sender", "a,b", "space"),
        ("sent", "2026-01-15T03:00:00Z", "offset"),
        ("expires", "2026-01-15T09:00:00+07:00", "expires before"),
        ("circle", "106.7,21.9 5", "swapped"),
        ("circle", "21.9,106.7 0", "radius"),
        ("headline", "", "no headline"),
    ],
)
def test_our_checks_refuse_what_breaks_the_rules(where, value, reason):
    root = copy.deepcopy(cap.message(warn()))
    next(root.iter(CAP + where)).text = value
    assert any(reason in problem for problem in cap.check(root))


def test_swapped_and_open_polygons_and_bad_references_are_refused():
    swapped = tuple((longitude, latitude) for latitude, longitude in SQUARE)
    for changes in (
        {"polygons": (swapped,)},
        {"polygons": (SQUARE[:3],)},
        {"kind": "cancel", "references": ("no reference",)},
        {"kind": "open", "references": (cap.reference(warn()),)},
    ):
        with pytest.raises(cap.CapError):
            cap.message(warn(**changes))


def test_outlines_come_from_geojson_in_the_right_order():
    square = [[106.7, 21.8], [106.8, 21.8], [106.8, 21.9], [106.7, 21.8]]
    assert cap.rings({"type": "Polygon", "coordinates": [square]}) == (
        ((21.8, 106.7), (21.8, 106.8), (21.9, 106.8), (21.8, 106.7)),
    )
    assert len(cap.rings({"type": "MultiPolygon", "coordinates": [[square], [square[:3]]]})) == 2
    assert cap.rings({"type": "Point", "coordinates": [106.7, 21.8]}) == ()
    assert cap.rings(None) == ()


def test_signed_messages_verify(tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nongvu.example", "-days", "2",
         "-keyout", tmp_path / "key", "-out", tmp_path / "certificate"],
        check=True, capture_output=True,
    )  # fmt: skip
    root = cap.signed(cap.message(warn()), (tmp_path / "key").read_bytes(), (tmp_path / "certificate").read_bytes())
    octets = cap.octets(root)
    valid(octets)
    well, why = Validator(octets).signature()
    assert well, why
    spoiled, _ = Validator(octets.replace(b"11 ", b"21 ", 1)).signature()
    assert not spoiled


async def test_steps_are_published_with_references_and_a_feed(province: Province, tmp_path):
    _, (station, _) = province.commune()
    alert = province.alert(station)
    province.step(alert)
    async with running(province.url, tmp_path):
        await until(lambda: province.all("SELECT 1 FROM document WHERE name LIKE '%%-1.xml'"))
        province.step(alert, kind="raise", level=3)
        await until(lambda: province.all("SELECT 1 FROM document WHERE name LIKE '%%-2.xml'"))
        province.step(alert, kind="cancel", level=3, stale=True)
        await until(lambda: province.all("SELECT 1 FROM document WHERE name LIKE '%%-3.xml'"))
    rows = province.all("SELECT body FROM document WHERE content_type = 'application/cap+xml' ORDER BY id")
    roots = [etree.fromstring(body) for (body,) in rows]
    for (body,) in rows:
        valid(body)
    assert [root.findtext(f"{CAP}msgType") for root in roots] == ["Alert", "Update", "Cancel"]
    assert [len((root.findtext(f"{CAP}references") or "").split()) for root in roots] == [0, 1, 2]
    assert all(root.findtext(f"{CAP}status") == "Test" for root in roots)
    # Stopped right after the last message: the feed is written once more at the end, whatever it had said before.
    feed = etree.fromstring(province.one("SELECT body FROM document WHERE name = 'cap.atom'"))
    links = [node.get("href") for node in feed.iterfind("{*}entry/{*}link")]
    assert [link.rsplit("/", 1)[1] for link in links] == [f"nongvu.invalid-{alert}-{n}.xml" for n in (3, 2, 1)]
    assert feed.tag == "{http://www.w3.org/2005/Atom}feed"


async def test_a_feed_that_a_crash_left_behind_is_made_anew_at_the_start(province: Province, tmp_path):
    _, (station, _) = province.commune()
    province.step(province.alert(station))
    async with running(province.url, tmp_path):
        await until(lambda: province.all("SELECT 1 FROM document WHERE name LIKE '%%-1.xml'"))
    province.connection.execute("UPDATE document SET body = '' WHERE name = 'cap.atom'")
    async with running(province.url, tmp_path):
        body = await until(lambda: province.one("SELECT body FROM document WHERE name = 'cap.atom'"))
    assert len(etree.fromstring(body).findall("{*}entry")) == 1


async def test_a_drill_says_so_everywhere(province: Province, tmp_path):
    _, (station, _) = province.commune()
    province.subscriber()
    province.step(province.alert(station))
    async with running(province.url, tmp_path, exercise=True):
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])
    assert province.messages()[0][3].startswith("DIỄN TẬP. ")
    root = etree.fromstring(province.one("SELECT body FROM document WHERE content_type = 'application/cap+xml'"))
    assert root.findtext(f"{CAP}status") == "Exercise"
    assert json.dumps(root.findtext(f"{CAP}note"))
