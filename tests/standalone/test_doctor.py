"""`nongvu doctor` before set-ups that are really broken: it names what is wrong, and what to do."""

import os
import subprocess
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import urlsplit

import psycopg
import pytest

from notify.people.subscriber import Person, add
from standalone.broker_access import admit, options
from standalone.doctor import examine
from standalone.doctor_service import service
from standalone.platform import Plan, Platform
from standalone.services import Broker, free_port, temporary_folder
from store.migrate import follow_timescaledb
from tests.certificates import Authority
from tests.store.test_store_upgrade import left_behind


@pytest.fixture
def looked(monkeypatch):
    """Findings by subject, with these settings and no others."""

    def look(folder=None, **settings):
        for name in [name for name in os.environ if name.startswith("NONGVU_")]:
            monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(f"NONGVU_{name.upper()}", str(value))
        return {finding.subject: finding for finding in examine(folder)}

    return look


def wrong(finding, says, remedy):
    assert finding.grade == "wrong", finding
    assert says in finding.says, finding
    assert remedy in finding.remedy, finding


def test_a_database_that_is_not_there(looked, database):
    parts = urlsplit(database)
    gone = database.replace(f":{parts.port}/", f":{free_port()}/")
    wrong(looked(database_url=gone)["database"], "connection", "start the database")
    other = database.replace(parts.path, "/elsewhere")
    wrong(looked(database_url=other)["database"], "does not exist", "nongvu store migrate")


def test_a_wrong_password_is_told_from_a_dead_server(looked, database):
    if "@" not in database:
        pytest.skip("this server asks for no password")
    parts = urlsplit(database)
    finding = looked(database_url=database.replace(f":{parts.password}@", ":guessed@"))["database"]
    wrong(finding, "password authentication failed", "nongvu store user")
    assert "guessed" not in finding.says


def test_an_api_that_is_not_ready_says_what_it_lacks(looked):
    class NotReady(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(503)
            self.end_headers()
            self.wfile.write(b'{"status":"waiting","broker":"is not connected"}')

        def log_message(self, *said):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), NotReady) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        finding = looked(api_port=server.server_address[1])["api"]
        server.shutdown()
    wrong(finding, "is not connected", "what it lacks")


def test_an_empty_and_an_old_schema(looked, empty_database):
    findings = looked(database_url=empty_database)
    assert findings["schema"].grade == "wrong"
    assert "nongvu store migrate" in findings["schema"].says


def test_a_clock_that_is_wrong_and_a_gateway_that_is_silent(looked, database):
    now = datetime.now(UTC)
    with psycopg.connect(database) as connection:
        for code, said_at, offset in (
            ("late", now, 3600.0),
            ("gone", now - timedelta(hours=2), 0.0),
            ("good", now, 0.2),
        ):
            connection.execute(
                "INSERT INTO gateway (code, status, status_at) VALUES (%s, jsonb_build_object('online', true, 'waiting', 12,"
                " 'clock_offset', %s::float8), %s)", [code, offset, said_at])  # fmt: skip
    findings = looked(database_url=database)
    wrong(findings["gateway late"], "its clock is +3600 s off", "time server")
    wrong(findings["gateway gone"], "silent since", "power")
    assert "12 readings wait there" in findings["gateway gone"].says
    assert findings["gateway good"].grade == "fine"
    wrong(findings["ingest"], "not connected", "nongvu ingest run")  # none runs here


def test_a_setting_that_nobody_reads_or_that_cannot_be(looked):
    findings = looked(notiz="x", grafana_url="http://grafana:3000", api_port=99999)
    wrong(findings["settings"], "NONGVU_API_PORT", "correct")
    assert "NONGVU_NOTIZ" in looked(notiz="x", grafana_url="http://g:3000")["settings"].says
    assert "GRAFANA" not in looked(notiz="x", grafana_url="http://g:3000")["settings"].says


def test_a_broker_that_is_not_there_or_refuses(looked):
    wrong(looked(mqtt_url=f"mqtt://127.0.0.1:{free_port()}")["broker"], "refused", "start the broker")
    with temporary_folder() as folder:
        data, secrets = folder / "broker" / "data", folder / "secrets"
        admit(data, secrets, ())
        with Broker.start(folder / "broker", options=options(data, "127.0.0.1")) as broker:
            given = {"mqtt_url": broker.url, "mqtt_passwords": secrets}
            assert looked(**given)["broker"].grade == "fine"
            (secrets / "doctor").write_text("another")
            finding = looked(**given)["broker"]
            wrong(finding, "uthori", "make the broker's users anew")


def test_a_broker_whose_certificate_is_not_to_be_trusted(looked):
    with temporary_folder() as folder:
        ours, stranger = Authority(folder, "ours"), Authority(folder, "stranger")
        data, secrets = folder / "broker" / "data", folder / "secrets"
        admit(data, secrets, ())
        certificate, key = ours.issue("server", days=90)
        asked = replace(options(data, "127.0.0.1"), certificate=certificate, key=key)
        with Broker.start(folder / "broker", options=asked) as broker:
            given = {"mqtt_url": broker.url, "mqtt_passwords": secrets, "mqtt_authority": ours.file}
            findings = looked(**given)
            assert (findings["broker"].grade, findings["certificate"].grade) == ("fine", "fine")
            wrong(
                looked(**given | {"mqtt_authority": stranger.file})["broker"], "verify failed", "NONGVU_MQTT_AUTHORITY"
            )
            for issued, says, remedy in (
                (ours.issue("soon", days=5), " days, on ", "Rotating"),
                (ours.issue("old", days=-1), "expired", "Rotating"),
                (ours.issue("other", host="elsewhere.example"), "mismatch", "name in the broker's certificate"),
            ):
                broker.options = replace(asked, certificate=issued[0], key=issued[1])
                broker.restart()
                findings = looked(**given)
                wrong(findings["certificate" if "days" in says else "broker"], says, remedy)


def test_a_disk_that_is_nearly_full(looked, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", small], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    try:
        wrong(looked(small)["disk"], "0.1 GiB free", "make room")
    finally:
        subprocess.run(["umount", small], check=True)


def test_messages_that_lead_nowhere_are_said_and_worse_where_people_wait(looked, database, tmp_path):
    file = tmp_path / "routes"
    file.write_text('[[route]]\nname = "folder"\nprovider = "file"\noptions = { folder = "messages" }\n')
    finding = looked(database_url=database, routes=file)["routes"]
    assert (finding.grade, "nobody is sent any" in finding.says) == ("note", True)
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('c', 'commune', 'C')")
        add(connection, Person(address="0912345678", places=("c",), consent_channel="paper"), datetime.now(UTC), "test")
    findings = looked(database_url=database, routes=file)
    wrong(findings["routes"], "nobody is sent any", "NONGVU_ROUTES")
    assert findings["CAP"].grade == "note"
    file.write_text('[[route]]\nname = "sms"\nprovider = "http"\noptions = { url = "https://sms.example/send" }\n')
    assert looked(database_url=database, routes=file)["routes"].says == "messages leave by sms"
    file.write_text('[[route]]\nname = "sms"\nprovider = "htp"\n')
    wrong(looked(database_url=database, routes=file)["routes"], "there is no provider 'htp'", "messages.md")


def test_a_process_that_is_gone_is_named_with_what_waits_for_it(looked, database):
    due = datetime.now(UTC) - timedelta(hours=2)
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO due (at, owner, kind, topic) VALUES (%s, 'notify', 'step', '1')", [due])
    said = [f"{due:%Y-%m-%d %H:%M} UTC"]
    finding = looked(database_url=database)["notify"]
    assert (finding.grade, said[0] in finding.says) == ("wrong", True)
    for finding in service_of("notify", database):
        if "due" in finding.says:
            wrong(finding, said[0], "start it again")
            break
    else:
        pytest.fail("nobody says that nothing is done")


def service_of(name, url, **settings):
    """Findings of one process's health check, with these settings and no others."""
    names = [variable for variable in os.environ if variable.startswith("NONGVU_")]
    with pytest.MonkeyPatch.context() as patch:
        for variable in names:
            patch.delenv(variable)
        for key, value in ({"database_url": url} | settings).items():
            patch.setenv(f"NONGVU_{key.upper()}", str(value))
        return list(service(name))


def test_a_health_check_names_the_settings_that_are_missing(database, tmp_path):
    (finding,) = service_of("ingest", database)
    wrong(finding, "NONGVU_MQTT_URL", "correct it")
    subjects = {finding.subject: finding for finding in service_of("notify", database)}
    wrong(subjects["routes"], "no route", "messages.md")
    wrong(service_of("analytics", database)[0], "not connected", "log")


def test_an_api_behind_a_proxy_that_it_does_not_know(looked):
    class Behind(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status":"well","proxy":"not believed"}')

        def log_message(self, *said):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Behind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        findings = looked(api_url=f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
    assert findings["api"].grade == "fine"
    wrong(findings["proxy"], "are all one", "NONGVU_TRUSTED_PROXIES")


def test_warnings_of_one_machine_lead_to_its_own_page(tmp_path):
    platform = Platform(Plan(tmp_path, (), "real", 8080))
    platform._broker = SimpleNamespace(url="mqtt://127.0.0.1:1883")  # an address is all that is asked of it
    assert platform.environment()["NONGVU_PUBLIC_URL"] == "http://127.0.0.1:8080"


def test_an_extension_that_did_not_follow_the_server(looked, database):
    left_behind(database)
    wrong(looked(database_url=database)["database"], "could not access file", "nongvu store migrate")
    follow_timescaledb(database)
    assert "could not" not in looked(database_url=database)["server"].says


def test_rules_that_cannot_be_judged_are_counted_with_a_remedy(looked, database):
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO place (code, kind, name) SELECT 'st' || n, 'station', 'Trạm ' || n FROM generate_series(1, 12) AS n"
        )
        connection.execute(
            "INSERT INTO unjudged (place, kind, name, reason, lacks, holds)"
            " SELECT id, 'rule', 'flash_flood_rain', 3, '{flash_flood_susceptibility}'::text[], true FROM place"
            " UNION ALL SELECT id, 'rule', 'pond_oxygen', 1, '{dissolved_oxygen}'::text[], false FROM place"
        )
    found = looked(database_url=database)
    finding = found["rule flash_flood_rain"]
    assert finding.grade == "note"
    assert "12 places are judged by what is certain alone: unset: flash_flood_susceptibility (st1, st10" in finding.says
    assert "nongvu place set" in finding.remedy
    assert "rule pond_oxygen" not in found, "a sensor that nobody put up is no fault"
