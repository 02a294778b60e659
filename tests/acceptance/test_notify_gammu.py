"""gammu-smsd with its dummy device on the embedded database: messages out, reports and answers in."""

import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from notify.delivery.route import Route, RouteTable
from notify.providers import PROVIDERS
from tests.notify.conftest import province, running, until  # noqa: F401 — a fixture

TABLES = Path("/usr/share/doc/gammu-smsd/examples/pgsql.sql")
pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not (shutil.which("gammu-smsd") and TABLES.exists()), reason="gammu-smsd is not installed"),
]


@pytest.fixture
def modem(empty_database, tmp_path):
    """The daemon with a modem that is a folder; its database's address."""
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(TABLES.read_text().replace("CREATE LANGUAGE plpgsql;", ""))
    address = urlsplit(empty_database)
    folder = tmp_path / "modem"
    for name in (
        "fs",
        "note",
        "todo",
        "calendar",
        "alarm",
        *(f"pbk/{m}" for m in ("MC", "ME", "SM")),
        *(f"sms/{n}" for n in range(1, 6)),
    ):
        (folder / name).mkdir(parents=True)
    settings = tmp_path / "smsd.conf"
    settings.write_text(
        f"[gammu]\nmodel = dummy\nconnection = none\ndevice = {folder}\n\n[smsd]\nservice = sql\ndriver = native_pgsql\n"
        f"host = {address.hostname}:{address.port}\nuser = {address.username}\npassword = {address.password or ''}\n"
        f"database = {address.path[1:]}\nlogfile = {tmp_path / 'smsd.log'}\ndebuglevel = 255\nloopsleep = 1\ncommtimeout = 1\n"
        "statusfrequency = 0\nresetfrequency = 0\n"
    )
    process = subprocess.Popen(
        ["gammu-smsd", "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    yield empty_database
    process.kill()
    process.wait()


def routes(url):
    return [Route(RouteTable(name="modem", provider="gammu"), PROVIDERS["gammu"]({"database_url": url, "poll": 0.3}))]


async def test_messages_go_out_and_answers_come_in(province, modem):  # noqa: F811
    _, (station, _) = province.commune()
    someone = province.subscriber()
    province.subscriber("0912345679", accents=False)
    province.step(province.alert(station))
    with psycopg.connect(modem, autocommit=True) as daemon:
        async with running(province.url, routes=routes(modem)):
            await until(lambda: daemon.execute("SELECT count(*) FROM sentitems").fetchone() == (2,), 40)
            await until(
                lambda: province.one("SELECT count(*) FROM inbound WHERE kind = 'receipt' AND state = 'done'") >= 2, 20
            )
            said = daemon.execute(
                'SELECT "TextDecoded", "DestinationNumber", "Status" FROM sentitems ORDER BY "ID"'
            ).fetchall()
            daemon.execute(
                'INSERT INTO inbox ("Text", "SenderNumber", "UDH", "TextDecoded", "RecipientID") VALUES (%s, %s, %s, %s, %s)',
                ["", "+84912345678", "", "Hủy", "modem"],
            )
            await until(lambda: province.one("SELECT state FROM subscriber WHERE id = %s", someone) == "stopped", 20)
            await until(lambda: daemon.execute('SELECT "Processed" FROM inbox').fetchone() == (True,), 10)
    assert sorted(row[0] for row in said) == sorted(row[3] for row in province.messages()[:2])
    assert {row[1] for row in said} == {"+84912345678", "+84912345679"}
    assert {row[2] for row in said} <= {"SendingOK", "SendingOKNoReport"}


async def test_the_same_reference_goes_out_once(province, modem):  # noqa: F811
    from datetime import timedelta

    from notify.provider import Message
    from notify.texts.sms_segments import compose
    from tests.notify.conftest import NOW

    (route,) = routes(modem)
    done = compose("Trời rét đậm, giữ ấm trâu bò. " * 8, most=5)
    message = Message(
        "nv-77", "phone", "+84912345678", done.text, done.coding, done.segments, NOW, NOW + timedelta(hours=1), "vi"
    )
    first = await route.provider.send(message)
    assert await route.provider.send(message) == first
    assert len(first.provider_ids) == done.segments > 1
    assert await route.provider.find("nv-77") is True
    assert await route.provider.find("nv-78") is False
    with psycopg.connect(modem, autocommit=True) as daemon:
        await until(lambda: daemon.execute("SELECT count(*) FROM sentitems").fetchone() == (done.segments,), 40)
        parts = daemon.execute('SELECT "TextDecoded", "UDH" FROM sentitems ORDER BY "SequencePosition"').fetchall()
    assert "".join(text for text, _ in parts) == done.text
    assert [header[-2:] for _, header in parts] == [f"{n:02X}" for n in range(1, done.segments + 1)]
