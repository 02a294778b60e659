"""What comes back: receipts early, late, twice; STOP, START, OK, questions; and what follows when nobody answers."""

import json
import struct
from datetime import timedelta

import pytest

from notify.delivery.route import Route, RouteTable
from notify.grouping import escalation_policy
from notify.people.keyword_replies import MOST_ANSWERS, Wish, wish
from notify.provider import Receipt, Sent
from notify.providers.file import FileOptions, FileProvider
from notify.texts.sms_segments import fold
from tests.notify.conftest import NOW, HandClock, running, until


class Slow(FileProvider):
    """The file route, but with receipts: bodies of inbound rows are JSON."""

    def read(self, content_type, payload):
        if content_type == "receipt":
            return [Receipt(**json.loads(payload))]
        return super().read(content_type, payload)

    async def send(self, message):
        await super().send(message)
        return Sent(tuple(f"{message.reference}/{n}" for n in (1, 2)), 2)


def slow(folder):
    return [Route(RouteTable(name="file", provider="file"), Slow(FileOptions(folder=folder)))]


def hear(province, text, sender="0912345678"):
    return province.one(
        "INSERT INTO inbound (route, payload) VALUES ('file', %s) RETURNING id", f"{sender}\n{text}".encode()
    )


def receipt(province, provider_id, state):
    said = json.dumps({"provider_id": provider_id, "state": state, "detail": state}).encode()
    return province.one(
        "INSERT INTO inbound (route, content_type, payload) VALUES ('file', 'receipt', %s) RETURNING id", said
    )


async def taken_up(province, number, state="done"):
    await until(lambda: province.one("SELECT state FROM inbound WHERE id = %s", number) == state, 10)
    return province.one("SELECT kind FROM inbound WHERE id = %s", number)


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("STOP", "stop", ""), ("stop.", "stop", ""), ("Hủy", "stop", ""), ("Từ chối", "stop", ""), ("Start", "start", ""),
        ("Đăng ký", "start", ""), ("ok", "acknowledgement", ""), ("Đã nhận", "acknowledgement", ""), ("1", "acknowledgement", ""),
        ("THOI TIET Đồng Đăng", "weather", "DONG DANG"), ("thời tiết đồng đăng?", "weather", "DONG DANG"), ("TT xã Mẫu Sơn", "weather", "XA MAU SON"),
        ("THOI TIET", "weather", ""), ("xin chào", "unknown", ""), ("", "unknown", ""), ("🙂", "unknown", ""),
    ],
)  # fmt: skip
def test_wishes(text, kind, place):
    assert wish(text) == Wish(kind, place)


@pytest.mark.parametrize(
    "text",
    ["S.T.O.P", "TC NONGVU", "Huỷ đăng ký", "HUY DK", "huy nhan tin", "Ngừng nhận tin", "ngung", "dừng nhận tin", "Xin dừng",
     "Không nhận nữa", "khong muon nhan tin nua", "Từ chối nhận tin", "Tôi muốn ngừng nhận tin", "please stop",
     "unsubscribe me", "DUNG NHAN TIN"],
)  # fmt: skip
def test_who_wants_no_more_is_understood(text):
    """The Vietnamese for it, with the words that people put round it, was "unknown", and they went on getting messages."""
    assert wish(text) == Wish("stop")


@pytest.mark.parametrize(
    "text",
    ["Đúng", "đúng rồi", "ĐÚNG", "Dùng", "dung", "Dung", "ngừng mưa rồi", "Không nhận được tin", "dừng mưa", "Huy o thon 3 mat lua",
     "khong nhan duoc tin", "mua da ngung", "Đừng"],
)  # fmt: skip
def test_who_says_something_else_stays_subscribed(text):
    """ "Đúng" (right!) is no "dừng" (stop) though both lose their marks to the same letters; without marks nobody knows."""
    assert wish(text) == Wish("unknown")


async def test_receipts_make_a_message_delivered_whatever_their_order(province, tmp_path):
    _, (station, _) = province.commune()
    province.subscriber()
    early, unknown = receipt(province, "nv-1/1", "delivered"), receipt(province, "nv-999/1", "delivered")
    async with running(province.url, routes=slow(tmp_path)):
        await until(lambda: province.one("SELECT state FROM inbound WHERE id = %s", early) == "waiting")
        province.step(province.alert(station))
        await taken_up(province, early)
        assert province.messages()[0][2] == "sent"
        await taken_up(province, receipt(province, "nv-1/2", "underway"))
        assert province.messages()[0][2] == "sent"
        await taken_up(province, receipt(province, "nv-1/2", "delivered"))
        assert province.messages()[0][2] == "delivered"
        await taken_up(province, receipt(province, "nv-1/2", "delivered"))
        await taken_up(province, receipt(province, "nv-1/2", "failed"))
        assert province.messages()[0][2] == "delivered"
        assert province.one("SELECT state FROM inbound WHERE id = %s", unknown) == "waiting"
        province.connection.execute("UPDATE inbound SET tries = 7, received_at = '2000-01-01' WHERE id = %s", [unknown])
        await taken_up(province, unknown, "unmatched")
    assert len(list(tmp_path.glob("*.txt"))) == 1


async def test_a_failed_part_fails_the_message_aloud(province, tmp_path):
    _, (station, _) = province.commune()
    province.subscriber()
    province.step(province.alert(station))
    async with running(province.url, routes=slow(tmp_path)):
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])
        await taken_up(province, receipt(province, "nv-1/1", "failed"))
    assert province.messages()[0][2] == "failed"


async def test_many_receipts_at_once_end_as_they_would_one_by_one(province, tmp_path):
    """Delivered once is delivered; of the others the last word counts; people who write among them are answered."""
    _, (station, _) = province.commune()
    for number in range(30):
        province.subscriber(f"0912345{number:03}")
    province.step(province.alert(station))
    async with running(province.url, routes=slow(tmp_path)):
        await until(lambda: [row[2] for row in province.messages()] == ["sent"] * 30)
    words = {0: ("failed", "delivered"), 1: ("delivered", "failed"), 2: ("underway", "failed"), 3: ("underway",)}
    for number in range(1, 31):
        for state in words[number % 4]:
            for part in (1, 2):
                receipt(province, f"nv-{number}/{part}", state)
        hear(province, "alo", f"0987654{number:03}")
    unknown = receipt(province, "nv-99/1", "delivered")
    async with running(province.url, routes=slow(tmp_path)):
        await taken_up(province, unknown, "waiting")
        await until(lambda: not province.one("SELECT count(*) FROM inbound WHERE state = 'new'"))
    ended = {0: "delivered", 1: "delivered", 2: "failed", 3: "sent"}
    states = dict(province.all("SELECT id, state FROM delivery WHERE bundle IS NOT NULL"))
    assert states == {number: ended[number % 4] for number in range(1, 31)}


class Garbage(FileProvider):
    """A provider whose reading fails in ways that nobody thought of, or gives what no table takes."""

    def read(self, content_type, payload):
        if content_type == "nul":
            return [Receipt("nv-1/1", "failed", "\0 from +84912345678")]
        if content_type == "broken":
            raise struct.error("unpack requires 16 bytes, got +84912345678")
        return super().read(content_type, payload)


async def test_what_cannot_be_read_is_kept_refused_and_holds_nobody_up(province, tmp_path):
    province.commune()
    province.subscriber()
    routes = [Route(RouteTable(name="file", provider="file"), Garbage(FileOptions(folder=tmp_path)))]
    keep = "INSERT INTO inbound (route, content_type, payload) VALUES (%s, %s, %s) RETURNING id"
    bad = [
        province.one(keep, *row)
        for row in (("file", "broken", b""), ("file", "nul", b""), ("gone", "", b"x"), ("file", "", b"\xff"))
    ]
    good = hear(province, "STOP")
    async with running(province.url, routes=routes):
        assert await taken_up(province, good) == "stop"
    kept = dict(province.all("SELECT id, (state, detail)::text FROM inbound WHERE id <> %s", good))
    assert all("refused" in kept[number] for number in bad if number != bad[1]), kept
    assert "12345678" not in str(kept)


async def test_stop_and_start_and_their_consent_records(province, tmp_path):
    _, (station, other) = province.commune()
    someone = province.subscriber()
    async with running(province.url, tmp_path):
        assert await taken_up(province, hear(province, "Hủy", "84912345678")) == "stop"
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])  # the answer still goes out
        province.step(province.alert(station))
        await until(lambda: province.all("SELECT 1 FROM bundle WHERE outcome = 'nobody'"))
        assert await taken_up(province, hear(province, "START")) == "start"
        province.step(province.alert(other))
        await until(lambda: [row[2] for row in province.messages()] == ["sent"] * 3)
    consents = province.all(
        "SELECT channel, recorded_by, withdrawn_channel FROM consent WHERE subscriber = %s ORDER BY id", someone
    )
    assert consents == [("paper", "test", "sms"), ("sms", "sms", None)]


async def test_a_question_for_the_weather_is_answered_to_anybody(province, tmp_path):
    _, (station, _) = province.commune()
    datastream = province.one(
        "INSERT INTO datastream (place, quantity) VALUES (%s, 'air_temperature') RETURNING id", station
    )
    province.connection.execute(
        "INSERT INTO latest (datastream_id, phenomenon_time, result, flag, batch_id) VALUES (%s, %s, 14.24, 1, 1)",
        [datastream, NOW - timedelta(minutes=5)],
    )
    async with running(province.url, tmp_path):
        assert await taken_up(province, hear(province, "thoi tiet dong dang", "0987654321")) == "weather"
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])
        hear(province, "THOI TIET KHONG CO")
        hear(province, "alo", "0987654321")
        hear(province, "alo", "Viettel")
        await until(lambda: [row[2] for row in province.messages()] == ["sent", "sent"])
        await until(lambda: province.one("SELECT count(*) FROM inbound WHERE state = 'done'") == 4)
    texts = [row[3] for row in province.messages()]
    assert texts[0] == "Dong Dang: 14,2 do C"
    assert "THOI TIET DONG DANG" in texts[1]
    assert province.one("SELECT count(*) FROM personal.answer_address") == 0
    assert "+84987654321" in "".join(path.read_text() for path in tmp_path.glob("*.txt"))


async def test_answers_are_limited(province, tmp_path):
    province.commune()
    province.subscriber()
    async with running(province.url, tmp_path):
        for _ in range(MOST_ANSWERS + 5):
            last = hear(province, "alo")
        await taken_up(province, last)
    assert len(province.messages()) == MOST_ANSWERS


async def test_the_ladder_climbs_until_somebody_acknowledges(province, tmp_path):
    _, (station, _) = province.commune()
    farmer, officer = province.subscriber(), province.subscriber("0912345679", audience="officer")
    clock = HandClock()
    province.step(province.alert(station, hazard="flood", rule="flash_flood_rain", level=3), level=3)
    async with running(province.url, tmp_path, clock):
        await until(lambda: len(province.messages()) == 2)
        clock.moment = NOW + timedelta(minutes=15)
        await until(lambda: len(province.messages()) == 3)
        clock.moment = NOW + timedelta(minutes=20)
        await until(lambda: len(province.messages()) == 4)
        assert province.messages()[3][:2] == (officer, 2)
        await until(lambda: {row[2] for row in province.messages()} == {"sent"})
        assert await taken_up(province, hear(province, "OK")) == "acknowledgement"
        clock.moment = NOW + timedelta(minutes=30)
        await until(lambda: not province.all("SELECT 1 FROM due WHERE kind = 'rung'"))
    assert province.all("SELECT subscriber FROM acknowledgement") == [(farmer,)]
    assert province.all("SELECT 1 FROM broadcast") == []
    assert {(row[0], row[1]) for row in province.messages()} == {
        (farmer, 0),
        (officer, 0),
        (farmer, 1),
        (officer, 2),  # the officer's own rung in place of the repeat
    }
    texts = {row[:2]: row[3] for row in province.messages()}
    assert texts[farmer, 1] == f"Nhac lai: {fold(texts[farmer, 0])} Nhan OK neu da nhan."
    assert fold(texts[officer, 2]).startswith("Chua ai bao da nhan: ")


async def test_the_ladder_ends_with_the_alert(province, tmp_path):
    _, (station, _) = province.commune()
    province.subscriber()
    clock = HandClock()
    alert = province.alert(station, level=3)
    province.step(alert, level=3)
    async with running(province.url, tmp_path, clock):
        await until(lambda: len(province.messages()) == 1)
        province.step(alert, kind="end", level=3)
        await until(lambda: len(province.messages()) == 2)
        clock.moment = NOW + timedelta(hours=1)
        await until(lambda: not province.all("SELECT 1 FROM due WHERE kind = 'rung'"))
    assert len(province.messages()) == 2


async def test_a_loudspeaker_says_once_what_two_stations_show(province, tmp_path):
    """Unless it got worse; rivers and ponds are matters of their own."""
    _, stations = province.commune(stations=5)
    clock = HandClock()
    flood = {"hazard": "flood", "rule": "flash_flood_rain"}
    async with running(province.url, tmp_path, clock):
        for station, level, rule in zip(
            stations, (2, 2, 3, 2, 2), (flood, flood, flood, {"hazard": "water", "rule": "water_marks"}, {"hazard": "water", "rule": "water_marks"}),
            strict=True,
        ):  # fmt: skip
            province.step(province.alert(station, level=level, **rule), level=level, at=clock.moment)
            await until(lambda: not province.one("SELECT count(*) FROM due WHERE kind = 'step'"))
            clock.moment += timedelta(minutes=31)
            await until(lambda: not province.all("SELECT 1 FROM due WHERE kind = 'rung' AND at <= %s", clock.moment))
    said = province.all(
        "SELECT hazard, level FROM broadcast JOIN bundle ON about = 'bundle:' || bundle.id ORDER BY bundle.id"
    )
    assert said == [("flood", 2), ("flood", 3), ("water", 2), ("water", 2)]


def test_ladders_are_read_and_checked(tmp_path):
    built_in = escalation_policy.read()
    assert built_in.rungs(1) == []
    assert [does for does, _ in built_in.rungs(5)] == ["again", "officer", "loudspeaker"]
    file = tmp_path / "ladder.toml"
    file.write_text("[[level]]\nfrom = 1\nofficer = 5\n")
    assert escalation_policy.read(file).rungs(4) == [("officer", timedelta(minutes=5))]
    file.write_text("[[level]]\nfrom = 1\npigeon = 5\n")
    with pytest.raises(ValueError, match="pigeon"):
        escalation_policy.read(file)
