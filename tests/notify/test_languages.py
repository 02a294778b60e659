"""Languages of messages: a file is all that one takes, and no message is made of two."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree
from pydantic import ValidationError

import nongvu
from notify import languages
from notify.publications.cap_check import CAP
from notify.settings import NotifySettings
from notify.texts.prefix import around
from notify.texts.sms_segments import fold
from notify.texts.text_normalisation import spelled
from tests import tongue
from tests.notify.conftest import TEXTS, HandClock, running, until
from tests.notify.test_answers import hear, taken_up
from tests.notify.test_speech import day_of

TYZ = {
    "short": "tyz.short {place}", "long": "tyz.long {place}", "group": "tyz.group {count} {places}",
    "advice": {"farmer": "tyz.advice"},
}  # fmt: skip
EVERY = {**TEXTS, "tyz": TYZ}
PLACES = ("Đồng Đăng", "Dong Dang", "Trạm 1", "Trạm 2", "Tram 1", "Tram 2", "Lạng Sơn")


@pytest.fixture
def third(monkeypatch, tmp_path):
    """The shelf with one file more."""
    shelf = tongue.with_third(languages, tmp_path, own=languages.OWN)
    monkeypatch.setattr(languages, "SHELF", shelf)
    return shelf


def foreign(text):
    """Words of a text that are neither of the made-up language nor names nor numbers."""
    for name in PLACES:
        text = text.replace(name, "")
    return [word for word in text.split() if not word.startswith("tyz.") and any(sign.isalpha() for sign in word)]


def test_every_language_has_every_text_or_says_which_it_lacks():
    assert languages.SHELF.codes[:2] == ("vi", "en")
    for code in languages.SHELF.codes:
        assert not languages.SHELF.language(code).lacks, "said in Vietnamese: translate it, or take this line away"


def test_a_language_without_a_file_is_said_in_vietnamese_and_nobody_can_choose_it(province):
    assert around("tay", rung=1, drill=True, update=False, raised=False) == around(
        "vi", rung=1, drill=True, update=False, raised=False
    )
    province.commune()
    with pytest.raises(ValidationError, match="there is no language 'tay', there are vi, en"):
        province.subscriber(language="tay")
    with pytest.raises(ValidationError, match="NONGVU_LANGUAGES: there is no 'tay', there are vi, en"):
        NotifySettings(database_url="postgresql://nobody", languages=("vi", "tay"))


async def test_a_message_is_in_the_new_language_whole(province, tmp_path, third):
    _, (station, _) = province.commune()
    province.subscriber(language="tyz")
    async with running(province.url, tmp_path / "messages", exercise=True):
        province.step(province.alert(station), texts=EVERY)
        await until(province.messages)
    ((text, title, long, language),) = province.all("SELECT text, title, long, language FROM delivery")
    assert language == "tyz"
    assert text.startswith("tyz.exercise")
    assert [foreign(said) for said in (text, title, long)] == [[], [], []]


async def test_a_message_whose_alert_nobody_has_translated_is_vietnamese_whole(province, tmp_path, third):
    _, (station, _) = province.commune()
    province.subscriber(language="tyz", accents=False)
    async with running(province.url, tmp_path / "messages", exercise=True):
        province.step(province.alert(station))
        await until(province.messages)
    ((text, language),) = province.all("SELECT text, language FROM delivery")
    assert text == "DIEN TAP. Ret dam tai Tram 1: 12 C. Giu am trau bo."
    assert language == "vi", "what it is written in, for the voice and the count"


async def test_replies_are_in_the_new_language_whole(province, tmp_path, third):
    _, (station, _) = province.commune()
    province.subscriber(language="tyz")
    day_of(province, station)
    async with running(province.url, tmp_path / "messages"):
        for text, kind in (("xin chao", "unknown"), ("THOI TIET DONG DANG", "weather"), ("STOP", "stop")):
            assert await taken_up(province, hear(province, text)) == kind
        await until(lambda: len(province.messages()) == 3)
    for text in (row[3] for row in province.messages()):
        assert text.startswith(("tyz.", "Đồng Đăng: tyz.", "Đồng Đăng (tyz.", "Dong Dang: tyz.")), text
        assert foreign(text) == []


async def test_a_bulletin_is_in_the_new_language_whole(province, tmp_path, third):
    _, (station, _) = province.commune()
    province.subscriber(language="tyz", bulletins=("daily",))
    province.subscriber("0912345679", bulletins=("daily",))
    day_of(province, station)
    clock = HandClock(datetime(2026, 1, 14, 22, 0, tzinfo=UTC))
    async with running(province.url, tmp_path / "messages", clock):
        await until(lambda: len(province.all("SELECT 1 FROM due WHERE kind = 'bulletin'")) == 2)
        clock.moment = datetime(2026, 1, 14, 22, 30, tzinfo=UTC)
        await until(lambda: [row[2] for row in province.messages()] == ["sent", "sent"])
    texts = province.one("SELECT texts FROM bulletin")
    assert set(texts) == {"vi", "en", "tyz"}
    assert {kind: foreign(text) for kind, text in texts["tyz"].items()} == {kind: [] for kind in texts["tyz"]}
    assert fold(province.messages()[0][3]).startswith("tyz.short_head Dong Dang")
    assert province.messages()[1][3].startswith("Đồng Đăng 15/01. Hôm qua:")


async def test_a_bulletin_with_an_alert_that_nobody_has_translated_is_not_made_in_that_language(
    province, tmp_path, third
):
    _, (station, _) = province.commune()
    province.subscriber(language="tyz", bulletins=("daily",))
    day_of(province, station)
    at = datetime(2026, 1, 14, 21, 0, tzinfo=UTC)
    clock = HandClock(datetime(2026, 1, 14, 22, 0, tzinfo=UTC))
    province.step(province.alert(station, at=at), at=at, stale=True)
    async with running(province.url, tmp_path / "messages", clock):
        await until(lambda: len(province.all("SELECT 1 FROM due WHERE kind = 'bulletin'")) == 2)
        clock.moment = datetime(2026, 1, 14, 22, 30, tzinfo=UTC)
        await until(lambda: province.all("SELECT 1 FROM delivery WHERE about LIKE 'bulletin%%'"))
    assert set(province.one("SELECT texts FROM bulletin")) == {"vi", "en"}
    said = province.all("SELECT language, text FROM delivery WHERE about LIKE 'bulletin%%'")
    assert [(language, fold(text)[:25]) for language, text in said] == [("vi", "Dong Dang 15/01. Hom qua:")]


async def test_warnings_are_published_in_the_languages_that_they_are_written_in(province, tmp_path, third):
    _, (station, other) = province.commune()
    async with running(province.url, tmp_path / "messages", exercise=True):
        province.step(province.alert(station), texts=EVERY)
        await until(lambda: len(province.all("SELECT 1 FROM document WHERE kind = 'cap' AND place = %s", station)) == 1)
        province.step(province.alert(other))
        await until(lambda: len(province.all("SELECT 1 FROM document WHERE kind = 'cap' AND place = %s", other)) == 1)
    found = [
        etree.fromstring(province.one("SELECT body FROM document WHERE kind = 'cap' AND place = %s", place))
        for place in (station, other)
    ]
    assert [[info.text for info in root.iter(f"{CAP}language")] for root in found] == [
        ["vi-VN", "en", "tyz"],
        ["vi-VN", "en"],
    ]
    assert found[0].findtext(f"{CAP}note") == "DIỄN TẬP / EXERCISE / tyz.drill"


def test_what_is_read_aloud_has_no_words_of_another_language(third):
    assert spelled("12 mm, 3-4 °C", "tyz") == "12 mm, 3-4 °C"


def copied(tmp_path):
    """The packages as whoever adds a language has them; returns the folder of notify's languages."""
    root = Path(languages.__file__).parent.parent.parent
    for name in nongvu.OURS:
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "nongvu.py", tmp_path)
    return tmp_path / "notify" / "languages"


def command(tmp_path, *arguments):
    return subprocess.run(
        [sys.executable, "-P", "-m", "nongvu", *arguments], capture_output=True, text=True, timeout=60,
        env={"PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
    )  # fmt: skip


def test_the_command_lists_the_languages_of_the_shelf(tmp_path):
    folder = copied(tmp_path)
    (folder / "tyz.toml").write_text(tongue.text_of(folder, without=languages.OWN), encoding="utf-8")
    done = command(tmp_path, "subscriber", "add", "--help")
    assert "vi (Tiếng Việt), en (English), tyz (Tày)" in done.stdout, done.stdout + done.stderr


def test_a_file_that_is_not_whole_stops_the_command_in_a_line(tmp_path):
    folder = copied(tmp_path)
    (folder / "tyz.toml").write_text(tongue.text_of(folder, without=("frame", *languages.OWN)), encoding="utf-8")
    done = command(tmp_path, "notify", "--help")
    assert done.returncode == 2
    assert done.stderr == f"nongvu: {folder / 'tyz.toml'}: [frame] is missing; translate it, or name it in lacks\n"


def test_a_file_that_is_not_whole_is_refused(tmp_path):
    folder = tmp_path / "languages"
    shutil.copytree(Path(languages.__file__).parent, folder)
    said = tongue.text_of(folder, without=("frame",))
    (folder / "tyz.toml").write_text(said, encoding="utf-8")
    with pytest.raises(ValueError, match=r"tyz\.toml: \[frame\] is missing; translate it, or name it in lacks"):
        languages.Shelf.of(folder, languages.OWN)
    (folder / "tyz.toml").write_text(said.replace("lacks = []", f"lacks = {json.dumps(['frame'])}"), encoding="utf-8")
    assert languages.Shelf.of(folder, languages.OWN).spoken("tyz", "frame") == "vi"
