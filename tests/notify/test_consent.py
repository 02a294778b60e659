"""A withdrawn consent stays withdrawn: every door by which a person could come back without their own word."""

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from typer.testing import CliRunner

from notify.commands import subscriber
from notify.people.subscriber import Person, WithdrawnError, add, erase, stop
from tests.notify.conftest import NOW, running, until

PHONE = "+84912345678"
STOPPED = "2026-01-15T03:00:00+00:00"
HEAD = "phone,places,consent_channel,consent_at\n"


@pytest.fixture
def type_in(province, monkeypatch):
    """Type a command of ``subscriber``; returns its exit code, output and complaints."""
    monkeypatch.setenv("NONGVU_DATABASE_URL", province.url)
    monkeypatch.setenv("COLUMNS", "400")

    def run(*arguments):
        done = CliRunner().invoke(subscriber.app, list(arguments))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


def standing(province, number):
    """State, and how many consents hold."""
    return province.all(
        "SELECT state, (SELECT count(*) FROM consent WHERE subscriber = %s AND withdrawn_at IS NULL)"
        " FROM subscriber WHERE id = %s",
        number,
        number,
    )[0]


def places(province, number):
    found = province.all(
        "SELECT code FROM subscriber_place JOIN place ON place.id = place WHERE subscriber = %s ORDER BY code", number
    )
    return [code for (code,) in found]


def ledger(province, number):
    return province.all("SELECT kind, source, at FROM consent_event WHERE subscriber = %s ORDER BY id", number)


@pytest.mark.parametrize(
    ("row", "back"),
    [
        ("0912345678,dong-dang,paper,", False),
        ("0912345678,dong-dang,,", False),
        ("0912345678,dong-dang,paper,2026-01-10", False),
        ("0912345678,dong-dang,paper,2026-01-15", False),  # the day itself: nobody knows which came first
        ("0912345678,dong-dang,,2026-01-20", False),  # a date without its source
        ("0912345678,dong-dang,paper,2026-01-20", True),
        ("0912345678,dong-dang,paper,20/01/2026", True),
        ("0912345678,dong-dang,paper,2026-01-15T10:00:01+07:00", True),
    ],
)
def test_a_list_brings_back_only_who_agreed_later(province, tmp_path, type_in, row, back):
    province.commune()
    number = province.subscriber(at=NOW - timedelta(days=30))
    stop(province.connection, number, NOW, "sms")
    file = tmp_path / "people.csv"
    file.write_text(HEAD + row + "\n", encoding="utf-8")
    code, said, _ = type_in("import", str(file), "--json", "--at", "2026-02-01")
    done = json.loads(said)
    assert standing(province, number) == (("active", 1) if back else ("stopped", 0))
    assert (code, done["withdrawn"], done["updated"]) == (0, 0 if back else 1, 1 if back else 0)
    if not back:
        assert done["left_alone"] == ["line 2: withdrew their consent on 2026-01-15"]
        said = type_in("import", str(file), "--at", "2026-02-01")[1]
        assert "1 left alone because the person had withdrawn" in said


def test_a_date_that_has_not_come_proves_nothing(province, tmp_path, type_in):
    province.commune()
    number = province.subscriber()
    stop(province.connection, number, NOW, "sms")
    file = tmp_path / "people.csv"
    file.write_text(HEAD + "0912345678,dong-dang,paper,2027-01-01\n", encoding="utf-8")
    code, _, wrong = type_in("import", str(file), "--at", "2026-02-01")
    assert code == 1
    assert "the date of consent has not come yet" in wrong
    assert standing(province, number) == ("stopped", 0)


def test_the_command_says_why_and_what_to_do(province, type_in):
    province.commune()
    number = province.subscriber()
    stop(province.connection, number, NOW, "sms")
    code, _, wrong = type_in("add", "0912345678", "--place", "dong-dang", "--consent", "paper")
    assert code == 2
    assert "2026-01-15" in wrong
    assert "--consent-at" in wrong
    assert standing(province, number) == ("stopped", 0)
    asked = ("add", "0912345678", "--place", "dong-dang", "--consent", "paper", "--consent-at", "2026-01-20")
    assert type_in(*asked, "--at", "2026-02-01")[0] == 0
    assert standing(province, number) == ("active", 1)
    assert [(kind, source) for kind, source, _ in ledger(province, number)] == [
        ("given", "paper"),
        ("withdrawn", "sms"),
        ("given", "paper"),
    ]
    assert ledger(province, number)[2][2] == datetime(2026, 1, 19, 17, tzinfo=UTC), "a day begins where the person is"


def test_who_never_agreed_and_said_stop_has_refused(province):
    province.commune()
    number = province.subscriber(consent_channel="")
    stop(province.connection, number, NOW, "sms")
    with pytest.raises(WithdrawnError):
        province.subscriber(at=NOW + timedelta(days=1))
    assert [row[:2] for row in ledger(province, number)] == [("withdrawn", "sms")]


def test_who_was_erased_is_not_added_again_by_a_list(province, tmp_path, type_in):
    province.commune()
    number = province.subscriber()
    erase(province.connection, number, NOW, "office")
    file = tmp_path / "people.csv"
    file.write_text(HEAD + "(+84) 91.234.5678,dong-dang,paper,\n0912345679,dong-dang,paper,\n", encoding="utf-8")
    done = json.loads(type_in("import", str(file), "--json", "--at", "2026-02-01")[1])
    assert (done["added"], done["erased"], done["withdrawn"]) == (1, 1, 0)
    assert done["left_alone"] == ["line 2: was erased on 2026-01-15"]
    kept = province.all("SELECT to_jsonb(refusal)::text FROM personal.refusal")
    assert len(kept) == 1
    assert "912345678" not in kept[0][0], "only a digest is kept"
    later = Person(address=PHONE, places=("dong-dang",), consent_channel="paper", consent_at="2026-01-20")
    with psycopg.connect(province.url) as connection:
        assert add(connection, later, NOW + timedelta(days=9), "test")[1], "their own later word counts"
    file.write_text(HEAD + "0912345678,dong-dang,paper,\n", encoding="utf-8")
    assert json.loads(type_in("import", str(file), "--json")[1])["updated"] == 1, "they agreed since"


def test_a_second_list_adds_places_and_takes_none_and_changes_only_what_it_says(province, tmp_path, type_in):
    province.commune()
    province.commune("hoang-dong", "Hoàng Đồng")
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(
        "phone,name,places,consent_channel,language,hazards,quiet_from,quiet_to,minimum_level\n"
        "0912345678,Bà Nga,dong-dang,paper,en,cold,21:00,05:00,2\n",
        encoding="utf-8",
    )
    second.write_text("phone,places,consent_channel\n0912345678,hoang-dong,meeting\n", encoding="utf-8")
    for file in (first, second):
        assert type_in("import", str(file))[0] == 0
    assert places(province, 1) == ["dong-dang", "hoang-dong"]
    kept = province.all(
        "SELECT language, hazards, quiet_from::text, minimum_level, name FROM subscriber, personal.contact"
    )
    assert kept == [("en", ["cold"], "21:00:00", 2, "Bà Nga")]
    assert type_in("add", "0912345678", "--place", "dong-dang-1", "--minimum-level", "3")[0] == 0
    assert places(province, 1) == ["dong-dang", "dong-dang-1", "hoang-dong"]
    assert province.all("SELECT language, minimum_level FROM subscriber") == [("en", 3)]
    assert type_in("leave", "1", "--place", "hoang-dong")[0] == 0
    assert places(province, 1) == ["dong-dang", "dong-dang-1"]
    assert type_in("leave", "1", "--place", "hoang-dong")[0] == 1


async def test_start_by_sms_is_the_persons_own_word(province, tmp_path):
    province.commune()
    number = province.subscriber(at=NOW - timedelta(days=1))
    async with running(province.url, tmp_path):
        for word, state in (("STOP", "stopped"), ("START", "active")):
            province.connection.execute(
                "INSERT INTO inbound (route, content_type, payload) VALUES ('file', '', %s)",
                [f"{PHONE}\n{word}".encode()],
            )
            province.connection.execute("SELECT pg_notify('inbound', '')")
            await until(lambda state=state: standing(province, number)[0] == state)
    assert [row[:2] for row in ledger(province, number)] == [("given", "paper"), ("withdrawn", "sms"), ("given", "sms")]
    province.subscriber(at=NOW)  # a list changes nothing for who came back
    assert standing(province, number) == ("active", 1)


def test_the_ledger_is_only_added_to(province):
    province.commune()
    province.subscriber()
    for sql in ("UPDATE consent_event SET source = 'x'", "DELETE FROM consent_event"):
        with pytest.raises(psycopg.errors.RaiseException, match="only added to"):
            province.connection.execute(sql)
