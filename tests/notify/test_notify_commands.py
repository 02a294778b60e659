"""Commands as an operator types them: people and their rights, previews, tries, the queue, approvals; what is masked and audited."""

import json
import re

import pytest
from typer.testing import CliRunner

from notify.commands import notify, subscriber
from tests.notify import killing
from tests.notify.conftest import NOW, HandClock, running, until

NUMBER = "+84912345678"


@pytest.fixture
def type_in(province, tmp_path, monkeypatch):
    """Type a command of ``notify`` or ``subscriber``; returns its exit code, output and complaints."""
    monkeypatch.setenv("NONGVU_DATABASE_URL", province.url)
    monkeypatch.setenv("NONGVU_MESSAGES", str(tmp_path / "messages"))
    monkeypatch.setenv("COLUMNS", "400")
    apps = {"notify": notify.app, "subscriber": subscriber.app}

    def run(name, *arguments, given=None):
        done = CliRunner().invoke(apps[name], list(arguments), input=given)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


def audited(province):
    return province.all("SELECT action, subject FROM audit ORDER BY id")


CSV = """\
phone,name,places,consent_channel,hazards,crops,animals,quiet_from,quiet_to
0912 345 678,Bà Nga,dong-dang,paper,,rice,cattle;buffalo,21:00,05:00
(+84) 91.234.5679,"Ông Lộc, thôn 3",dong-dang,,cold frost,,,,
12345,Sai số,dong-dang,paper,,,,,
0912345680,Xã lạ,khong-co,paper,,,,,
0912345681,Giờ,dong-dang,paper,,,,21:00,
0912345682,Mưa,dong-dang,paper,mua,,,,
"""


@pytest.mark.parametrize("spreadsheet", ["commas", "semicolons", "bom"])
def test_people_of_a_file_come_in_and_wrong_rows_are_named(province, tmp_path, type_in, spreadsheet):
    province.commune()
    file = tmp_path / "people.csv"
    text = (
        CSV.replace(";", " ").replace("Lộc, thôn", "Lộc thôn").replace(",", ";") if spreadsheet == "semicolons" else CSV
    )
    file.write_text(text, encoding="utf-8-sig" if spreadsheet == "bom" else "utf-8")
    code, said, wrong = type_in("subscriber", "import", str(file), "--dry-run")
    assert (code, said) == (1, "2 added, 0 updated, 4 wrong\n")
    assert province.one("SELECT count(*) FROM subscriber") == 0
    code, said, wrong = type_in("subscriber", "import", str(file))
    assert [line.split(":")[0] for line in wrong.splitlines()] == ["line 4", "line 5", "line 6", "line 7"]
    for reason in ("no such phone number", "there is no place khong-co", "a beginning and an end", "no hazard 'mua'"):
        assert reason in wrong
    assert not re.search(r"\d{9}", wrong), "nobody's number is repeated"
    code, said, _ = type_in("subscriber", "import", str(file))
    assert said == "0 added, 2 updated, 4 wrong\n"
    assert audited(province) == [("subscriber.import", "people.csv")] * 2


def test_a_file_that_is_not_utf_8_is_refused_in_words(province, tmp_path, type_in):
    province.commune()
    file = tmp_path / "people.csv"
    file.write_text(CSV, encoding="utf-16")
    code, _, wrong = type_in("subscriber", "import", str(file))
    assert code == 2
    assert "CSV UTF-8" in wrong


async def test_a_persons_rights_list_export_stop_erase(province, tmp_path, type_in):
    province.commune()
    code, said, _ = type_in(
        "subscriber", "add", "0912 345 678", "--place", "dong-dang", "--consent", "paper", "--name", "Bà Nga"
    )
    assert (code, said) == (0, "subscriber 1 added\n")
    for content, payload in (("", b"0912345678\nOK"), ("application/smpp", b"\0\0\0\1\xff")):
        province.connection.execute(
            "INSERT INTO inbound (route, content_type, payload, subscriber, kind, state) VALUES ('file', %s, %s, 1, 'unknown', 'done')",
            [content, payload],
        )
    _, said, _ = type_in("subscriber", "list")
    assert NUMBER not in said
    assert "+849******78" in said
    assert "Nga" not in said
    _, said, _ = type_in("subscriber", "export", "1")
    known = json.loads(said)
    assert known["subscriber"]["address"] == NUMBER
    assert [row["text_version"] for row in known["consents"]] == ["2026-1"]
    assert [row["payload"] for row in known["said"]] == ["0912345678\nOK", "base64:AAAAAf8="]
    assert type_in("subscriber", "stop", "1")[:2] == (0, "subscriber 1 gets nothing more\n")
    assert type_in("subscriber", "erase", "1", given="n\n")[0] == 1
    assert type_in("subscriber", "erase", "1", "--yes")[0] == 0
    assert type_in("subscriber", "erase", "1", "--yes")[0] == 1, "it was erased"
    assert type_in("subscriber", "export", "99")[0] == 1
    left = str(province.all("SELECT to_jsonb(contact) FROM personal.contact")) + str(
        province.all("SELECT payload FROM inbound")
    )
    assert "912345678" not in left
    assert [action for action, _ in audited(province)] == [
        "subscriber.add", "subscriber.list", "subscriber.export", "subscriber.stop", "subscriber.erase",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "coding", "segments", "used"),
    [
        ("Trời rét", "ucs2", 1, 8),
        (
            "Rét đậm tại Trạm Mẫu Sơn ngày 15/01: trung bình ngày 14 độ C. Không gieo cấy; nhốt, giữ ấm trâu bò.",
            "gsm7",
            1,
            99,
        ),
        ("Tab\tvà 🙂", "ucs2", 1, 9),
        ("mưa to " * 300, "gsm7", 1, 160),
    ],
)
def test_a_preview_shows_coding_and_segments(province, type_in, text, coding, segments, used):
    _, said, _ = type_in("notify", "preview", "-", "--json", given=text)
    shown = json.loads(said)
    assert (shown["coding"], shown["segments"], shown["units"]) == (coding, segments, used)
    _, said, _ = type_in("notify", "preview", text)
    assert said.splitlines()[-1].startswith(f"-- {coding}, {segments} segment(s), {used} of ")


def test_a_try_hands_one_message_over_and_stores_nothing(province, tmp_path, type_in):
    code, said, _ = type_in("notify", "test", "0912 345 678")
    assert code == 0
    assert said.startswith("file: sent nv-test-")
    (file,) = (tmp_path / "messages").glob("*.txt")
    assert "Nông Vụ: tin thử" in file.read_text()
    assert type_in("notify", "test", "12")[0] == 2
    assert type_in("notify", "test", "0912345678", "--route", "gone")[0] == 2
    assert province.one("SELECT count(*) FROM delivery") == 0


async def test_what_failed_is_listed_and_sent_again_on_a_persons_word_only(province, tmp_path, type_in):
    _, (station, _) = province.commune()
    province.subscriber()
    province.step(province.alert(station))
    async with running(province.url, tmp_path / "messages"):
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])
    assert type_in("notify", "queue")[1] == "sent 1\n"
    code, _, wrong = type_in("notify", "retry", "1")
    assert (code, wrong) == (1, "the others are neither failed nor doubtful\n")
    province.connection.execute("UPDATE delivery SET state = 'doubtful', detail = 'no answer'")
    assert "doubtful" in type_in("notify", "queue")[1]
    assert json.loads(type_in("notify", "queue", "--json")[1])["messages"][0]["detail"] == "no answer"
    assert type_in("notify", "retry", "1")[1] == "queued again: 1\n"
    async with running(province.url, tmp_path / "messages"):
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])
    assert audited(province) == [("notify.retry", "1")]


async def test_what_is_urgent_speaks_only_after_a_persons_word(province, tmp_path, type_in):
    _, (station, _) = province.commune()
    clock = HandClock()
    province.step(province.alert(station, hazard="flood", rule="flash_flood_rain", level=3), level=3)
    async with running(province.url, tmp_path / "messages", clock, loudspeakers=tmp_path / "loud"):
        await until(lambda: province.all("SELECT 1 FROM due WHERE kind = 'rung'"))
        clock.moment = NOW.replace(hour=NOW.hour + 1)
        await until(lambda: province.all("SELECT 1 FROM approval"))
        _, said, _ = type_in("notify", "approve")
        assert "Rét đậm tại Trạm 1" in said or "Nhiệt độ trung bình ngày 12" in said
        assert province.one("SELECT state FROM broadcast") == "waiting"
        assert type_in("notify", "approve", "9")[0] == 1
        done = type_in("notify", "approve", "1", "--reason", "đã kiểm tra", "--at", clock.moment.isoformat())
        assert done[0] == 0, done
        await until(lambda: province.one("SELECT state FROM broadcast") == "ready")
    who, decided, reason = province.all("SELECT who, decided_at, reason FROM approval")[0]
    assert who.startswith("command:")
    assert (decided, reason) == (clock.moment, "đã kiểm tra")
    assert audited(province) == [("approval.approved", "1")]


def test_wrong_settings_are_named_together_before_anything_starts(tmp_path):
    notify = killing.Notify(
        "", tmp_path, {"NONGVU_CAP_STATUS": "Actual", "NONGVU_VOICE": "xx", "NONGVU_GROUPING_WAIT": "-1"}
    )
    del notify.environment["NONGVU_DATABASE_URL"]
    notify.start()
    assert notify.ended() == 2
    said = (tmp_path / "notify.log").read_text()
    assert "NONGVU_DATABASE_URL" in said
    assert "NONGVU_VOICE" in said
    notify = killing.Notify("postgresql://127.0.0.1:9/x", tmp_path, {})
    notify.start()
    assert notify.ended() == 2
    assert "NONGVU_MESSAGES" in (tmp_path / "notify.log").read_text()
