"""Bulletins and loudspeakers: texts against golden files, audio decoded again, urgent ones approved by a person."""

import io
import itertools
import json
import re
import shutil
import subprocess
import wave
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from analytics.rules import RULES
from analytics.wording import Said, texts
from notify.publications.bulletin import compose_all, next_issue
from notify.texts import text_to_speech
from notify.texts.crop_advice import lines
from notify.texts.sms_segments import compose
from notify.texts.text_normalisation import decimal, number, spelled
from notify.texts.weather_facts import Facts, advice
from tests.notify.conftest import NOW, TEXTS, HandClock, running, until

GOLDEN = Path(__file__).parent.parent / "golden" / "spoken"
needs_voice = pytest.mark.skipif(not text_to_speech.installed(), reason="espeak-ng or ffmpeg is not installed")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "không"), (5, "năm"), (10, "mười"), (11, "mười một"), (15, "mười lăm"), (20, "hai mươi"), (21, "hai mươi mốt"),
        (24, "hai mươi bốn"), (25, "hai mươi lăm"), (55, "năm mươi lăm"), (100, "một trăm"), (101, "một trăm linh một"),
        (105, "một trăm linh năm"), (110, "một trăm mười"), (115, "một trăm mười lăm"), (121, "một trăm hai mươi mốt"),
        (1000, "một nghìn"), (1005, "một nghìn không trăm linh năm"), (2026, "hai nghìn không trăm hai mươi sáu"),
        (1_200_000, "một triệu hai trăm nghìn"), (-3, "âm ba"),
    ],
)  # fmt: skip
def test_numbers(value, said):
    assert number(value) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("11,5", "mười một phẩy năm"),
        ("0.05", "không phẩy không năm"),
        ("-2,0", "âm hai"),
        ("3,25", "ba phẩy hai mươi lăm"),
        ("1,205", "một phẩy hai không năm"),
    ],
)
def test_decimals(written, said):
    assert decimal(written) == said


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.txt")), ids=lambda path: path.stem)
def test_spoken_texts_are_as_agreed(path):
    written, expected = path.read_text(encoding="utf-8").split("\n---\n")
    said = spelled(written.strip(), path.stem.split("-")[0])
    assert said == expected.strip()
    if path.stem.startswith("vi"):
        assert not any(sign.isdigit() for sign in said)


def test_every_rule_can_be_read_aloud():
    """Nothing that a voice would misread is left in what a loudspeaker says of any rule, level and kind of step."""
    start = int(datetime(2026, 6, 6, 17, 30, tzinfo=UTC).timestamp())
    for rule in RULES:
        for level, kind in itertools.product(
            range(1, rule.top + 1), ("open", "raise", "lower", "update", "end", "cancel", "renew", "extend")
        ):
            ended = start + 172800 if kind == "end" else None
            said = Said(
                kind, level, "Mẫu Sơn", "Asia/Ho_Chi_Minh", rule.levels[level - 1].enter, 2, start, ended, start
            )
            text = texts(rule, said)["vi"]
            for written in (text["long"], text["group"].format(count=3, places="A, B"), *text["advice"].values()):
                heard = spelled(written)
                assert not re.search(r"[\d%°/]|\b(mm|m|km|C|V|kg|g|h|mg|NH|II+|IV)\b", heard.replace("4G", "")), heard


RICE = {
    "crop": "rice_spring", "sown": date(2025, 12, 20), "title": {"vi": "Lúa xuân", "en": "Spring rice"}, "audience": "rice",
    "stage": 1.87, "days_to_irrigation": None,
}  # fmt: skip


def facts(**changes):
    values = {
        "commune": "Đồng Đăng", "day": date(2026, 1, 15), "stations": ["Trạm 1"], "own": True,
        "least": {"air_temperature_minimum": 8.4}, "most": {"air_temperature_maximum": 14.6, "wind_gust_maximum": 9.1},
        "mean": {"relative_humidity_mean": 88.2}, "total": {"precipitation_sum": 3.6, "reference_evapotranspiration": 1.24},
        "rain_days": 4, "alerts": [{"texts": TEXTS}], "crops": [RICE],
        "ahead": {"air_temperature": {"least": 7.0, "most": 12.0, "source": "NCHMF"}, "precipitation": {"total": 0.0, "source": "NCHMF"}},
    }  # fmt: skip
    return Facts(**(values | changes))


@pytest.mark.parametrize("kind", ["daily", "ten_day"])
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"own": False},
        {"ahead": {}},
        {"alerts": [], "crops": []},
        {"least": {}, "most": {}},
        {"total": {}},
        {"mean": {}, "total": {}, "least": {}, "most": {}},
        {"total": {}, "least": {}, "most": {}},
    ],
    ids=["all", "nearest", "no forecast", "quiet", "no temperature", "no rain gauge", "only alerts", "only humidity"],
)
def test_bulletins_of_whatever_is_known(kind, language, changes):
    texts = compose_all(facts(**changes), kind, language)
    assert set(texts) == {"title", "short", "radio", "page"}
    for text in texts.values():
        assert text
        assert "{" not in text.replace("{place}", "")
        assert "  " not in text.replace("\n", " ")
        assert ", ," not in text
        assert ": ," not in text
    assert compose(texts["short"], most=2).segments <= 2


def test_a_daily_bulletin_reads_well():
    texts = compose_all(facts(alerts=[]), "daily", "vi")
    assert texts["title"] == "Bản tin thời tiết nông vụ ngày 15/01/2026, Đồng Đăng"
    assert (
        texts["short"]
        == "Đồng Đăng 15/01. Hôm qua: nhiệt độ 8 đến 15 độ C, mưa 4 mm, độ ẩm 88%. 24 giờ tới: 7 đến 12 độ C, không mưa."
    )
    assert "Lúa xuân: gieo trồng được 26 ngày, đầu vụ." in texts["page"]
    assert "Lúa xuân: gieo trồng được 26 ngày, đầu vụ." in texts["radio"]


@pytest.mark.parametrize(
    ("changes", "rain", "says"),
    [
        ({"stage": 4.2}, 20.0, "cuối vụ, sắp mưa, nên thu hoạch phần đã chín."),
        ({"stage": 4.2}, 3.0, "cuối vụ."),
        ({"stage": 1.2}, 60.0, "đầu vụ, sắp mưa to, nên khơi rãnh để cây con khỏi úng."),
        (
            {"stage": 2.5, "days_to_irrigation": 3.0},
            None,
            "phát triển thân lá, nếu không mưa, khoảng 3 ngày nữa phải tưới.",
        ),
        ({"stage": 2.5, "days_to_irrigation": 0.0}, 0.0, "phát triển thân lá, cần tưới."),
        ({"stage": 2.5, "days_to_irrigation": 0.0}, 30.0, "phát triển thân lá."),
        ({"stage": None}, None, "gieo trồng được 26 ngày."),
    ],
)
def test_what_to_do_follows_from_stage_water_and_rain(changes, rain, says):
    (line,) = lines([RICE | changes], date(2026, 1, 15), rain, "vi")
    assert line.endswith(says)


def test_advice_is_for_the_crops_that_grow_here():
    texts = {"vi": {"short": "Rét đậm.", "advice": {"rice": "Che mạ.", "orchard": "Bó gốc.", "cattle": "Giữ ấm."}}}
    assert advice(facts(alerts=[{"texts": texts}]), "vi") == ["Che mạ.", "Giữ ấm."]


@pytest.mark.parametrize(
    ("kind", "after", "expected"),
    [
        ("daily", datetime(2026, 1, 14, 22, 0, tzinfo=UTC), datetime(2026, 1, 14, 22, 30, tzinfo=UTC)),
        ("daily", datetime(2026, 1, 14, 22, 30, tzinfo=UTC), datetime(2026, 1, 15, 22, 30, tzinfo=UTC)),
        ("ten_day", datetime(2026, 1, 14, 22, 0, tzinfo=UTC), datetime(2026, 1, 20, 22, 30, tzinfo=UTC)),
        ("ten_day", datetime(2026, 1, 22, 0, 0, tzinfo=UTC), datetime(2026, 1, 31, 22, 30, tzinfo=UTC)),
    ],
)
def test_bulletins_are_issued_in_local_time(kind, after, expected):
    assert next_issue(kind, after, "Asia/Ho_Chi_Minh", "05:30") == expected


def day_of(province, station):
    start = datetime(2026, 1, 14, 17, tzinfo=UTC) - timedelta(days=1)  # midnight of the 14th in Hanoi
    for index, value in (
        ("air_temperature_minimum", 8.4),
        ("air_temperature_maximum", 14.6),
        ("precipitation_sum", 0.0),
    ):
        province.connection.execute(
            "INSERT INTO index_value (place, index, time, value, completeness) VALUES (%s, index_id(%s), %s, %s, 1)",
            [station, index, start, value],
        )


async def test_every_morning_a_bulletin_goes_to_its_readers_and_is_kept(province, tmp_path):
    _, (station, _) = province.commune()
    province.subscriber(bulletins=("daily",))
    province.subscriber("0912345679")
    day_of(province, station)
    clock = HandClock(datetime(2026, 1, 14, 22, 0, tzinfo=UTC))
    async with running(province.url, tmp_path, clock):
        await until(lambda: len(province.all("SELECT 1 FROM due WHERE kind = 'bulletin'")) == 2)
        clock.moment = datetime(2026, 1, 14, 22, 30, tzinfo=UTC)
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])
    assert province.messages()[0][3].startswith("Đồng Đăng 15/01. Hôm qua: nhiệt độ 8 đến 15 độ C, không mưa.")
    kind, day, state, texts = province.all("SELECT kind, day, state, texts FROM bulletin")[0]
    assert (kind, day, state, set(texts)) == ("daily", date(2026, 1, 15), "released", {"vi", "en"})
    assert province.one("SELECT at FROM due WHERE topic LIKE 'daily:%%'") == clock.moment + timedelta(days=1)


async def test_bulletins_can_wait_for_approval(province, tmp_path):
    _, (station, _) = province.commune()
    province.subscriber(bulletins=("daily",))
    day_of(province, station)
    clock = HandClock(datetime(2026, 1, 14, 22, 0, tzinfo=UTC))
    async with running(province.url, tmp_path, clock, bulletin_approval=True):
        await until(lambda: province.all("SELECT 1 FROM due WHERE kind = 'bulletin'"))
        clock.moment = datetime(2026, 1, 14, 22, 30, tzinfo=UTC)
        await until(lambda: province.all("SELECT 1 FROM approval WHERE state = 'waiting'"))
        assert province.messages() == []
        province.connection.execute(
            "UPDATE approval SET state = 'approved', who = 'account:lan', decided_at = %s", [clock.moment]
        )
        province.connection.execute("SELECT pg_notify('approval', '')")
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])
    assert province.one("SELECT state FROM bulletin") == "released"


def decoded(body, kind):
    """Sound as another program hears it: seconds, loudest sample, format."""
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,sample_rate,channels", "-show_entries", "format=duration", "-of", "json", "-f", kind, "-i", "pipe:0"],
        input=body, capture_output=True, check=True,
    )  # fmt: skip
    said = json.loads(probe.stdout)
    pcm = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", "pipe:0", "-f", "wav", "-ar", "16000", "pipe:1"],
        input=body,
        capture_output=True,
        check=True,
    ).stdout
    samples = memoryview(pcm[44 : 44 + (len(pcm) - 44) // 2 * 2]).cast("h")
    return said["streams"][0], len(samples) / 16000, max(map(abs, samples)) / 32768


@needs_voice
@pytest.mark.parametrize("dialect", ["vi", "vi-VN-x-central", "vi-VN-x-south"])
def test_speech_is_heard_again(dialect):
    audio = text_to_speech.speak(
        spelled("Rét hại tại Đồng Đăng: 11,5 °C, kéo dài 3 ngày. Giữ ấm cho trâu bò."), dialect
    )
    stream, seconds, peak = decoded(audio.mp3, "mp3")
    assert (stream["codec_name"], stream["channels"], stream["sample_rate"]) == ("mp3", 1, "22050")
    assert 3 < seconds < 20
    assert 0.1 < peak <= 1
    stream, again, peak = decoded(audio.wav, "wav")
    assert (stream["codec_name"], stream["channels"], stream["sample_rate"]) == ("pcm_alaw", 1, "8000")
    assert abs(again - seconds) < 0.3
    assert 0.1 < peak <= 1
    with pytest.raises(wave.Error, match="unknown format: 6"):  # 6 is G.711 A-law
        wave.open(io.BytesIO(audio.wav))  # noqa: SIM115
    assert int.from_bytes(audio.wav[4:8], "little") == len(audio.wav) - 8
    assert shutil.which("ffprobe")


@needs_voice
async def test_an_urgent_broadcast_waits_for_a_person_and_then_speaks(province, tmp_path):
    _, (station, _) = province.commune()
    clock = HandClock()
    folder = tmp_path / "loa"
    province.step(province.alert(station, hazard="flood", rule="flash_flood_rain", level=3), level=3)
    async with running(province.url, tmp_path, clock, loudspeakers=folder):
        await until(lambda: province.all("SELECT 1 FROM bundle"))
        clock.moment = NOW + timedelta(minutes=30)
        await until(lambda: province.all("SELECT 1 FROM approval"))
        assert province.one("SELECT state FROM broadcast") == "waiting"
        assert not folder.exists()
        province.connection.execute(
            "UPDATE approval SET state = 'approved', who = 'account:lan', decided_at = %s", [clock.moment]
        )
        await until(lambda: province.one("SELECT audio FROM broadcast"), 20)
        await until(lambda: len(list(folder.rglob("*-alert-1.*"))) == 3)
    name = province.one("SELECT audio FROM broadcast")
    assert name == "alert-1.mp3"
    assert {path.parent.name for path in folder.rglob("*.mp3")} == {"khan_cap"}
    assert {path.parent.parent.name for path in folder.rglob("*.mp3")} == {"dong-dang"}
    assert (
        province.one("SELECT count(*) FROM document WHERE name IN ('alert-1.mp3', 'alert-1.wav', 'alert-1.txt')") == 3
    )
    feed = etree.fromstring(province.one("SELECT body FROM document WHERE name = 'loudspeaker.atom'"))
    assert [link.get("type") for link in feed.iterfind(".//{*}link")] == ["audio/mpeg", "audio/wav", "text/plain"]
    assert province.one("SELECT text FROM broadcast").startswith("Thông báo khẩn cấp. ")


async def test_what_nobody_approves_expires(province, tmp_path):
    _, (station, _) = province.commune()
    clock = HandClock()
    alert = province.alert(station, hazard="flood", rule="flash_flood_rain", level=3)
    province.step(alert, level=3)
    async with running(province.url, tmp_path, clock):
        await until(lambda: province.all("SELECT 1 FROM bundle"))
        clock.moment = NOW + timedelta(minutes=30)
        await until(lambda: province.all("SELECT 1 FROM approval"))
        # over, and nobody said so: what goes on is asked again (test_alert_life)
        province.connection.execute("UPDATE alert SET state = 'ended', ended = %s WHERE id = %s", [NOW, alert])
        clock.moment = NOW + timedelta(hours=13)
        await until(lambda: province.all("SELECT 1 FROM broadcast WHERE state = 'expired'"))
    assert province.one("SELECT state FROM approval") == "expired"
