"""The embedded services: start, stop, kill, leftovers, users, what stays behind (nothing)."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import psycopg
import pytest

from standalone.services import (
    Broker,
    BrokerOptions,
    Database,
    ServiceInUseError,
    ServiceStartError,
    ServicesUnavailableError,
    free_port,
    give,
    program,
    program_environment,
    programs,
    temporary_folder,
)
from standalone.services.database import tidy
from standalone.services.folders import account, cache_folder, is_reachable
from standalone.services.packages import fetched_root, is_complete
from standalone.services.process import alive, working_in

SMALL = {"shared_buffers": "32MB", "logging_collector": "off", "fsync": "off"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def empty_folder(blank):
    with temporary_folder(within=blank.parent) as made:
        yield made


@pytest.fixture
def folder(empty_folder, blank):
    """A folder where "db" holds a database server's data, never started."""
    subprocess.run(["cp", "-a", "--reflink=auto", str(blank), str(empty_folder / "db")], check=True)
    return empty_folder


def ask(url, question):
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(question).fetchone()[0]


def processes(pid):
    return [pid, *(int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def wait_until(condition, seconds=15.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_database_keeps_its_data_over_stop_and_start(folder):
    with Database.start(folder / "db", settings=SMALL) as database:
        url = database.create("nongvu")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION timescaledb")
            connection.execute("CREATE TABLE reading (time timestamptz NOT NULL, value float8)")
            connection.execute("SELECT create_hypertable('reading', by_range('time'))")
            connection.execute("INSERT INTO reading VALUES ('2024-02-09T00:00Z', 4.5)")
    assert not working_in(database.data, "postgres")
    with Database.start(folder / "db", settings=SMALL) as again:
        assert again.exists("nongvu")
        assert not again.exists("another")
        assert ask(again.url(), "SELECT value FROM reading") == 4.5


def test_database_is_what_the_platform_needs(own_server):
    url = own_server.url("postgres")
    wanted = {
        "listen_addresses": "127.0.0.1",
        "fsync": "on",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "timescaledb.telemetry_level": "off",
        "max_connections": "200",
    }
    assert {name: ask(url, f"SHOW {name}") for name in wanted} == wanted
    assert ask(url, "SELECT datcollate FROM pg_database WHERE datname = 'postgres'") == "C.UTF-8"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(own_server.url("postgres", password="guessed"))


def test_password_is_for_our_eyes_only_and_not_in_the_process_list(own_server):
    kept = own_server.folder / "password"
    assert kept.stat().st_mode & 0o077 == 0
    command = Path(f"/proc/{own_server.service.pid}/cmdline").read_text()
    assert own_server.password not in command
    assert own_server.password not in repr(own_server)
    assert not (own_server.folder / "password.new").exists()


def test_kill_and_restart_keep_what_was_committed(own_server):
    url = own_server.create("nongvu")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (x int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        family = processes(own_server.service.pid)
        port = own_server.port
        own_server.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert not [pid for pid in family if alive(pid)]
    assert not own_server.running()
    own_server.restart()
    assert own_server.port == port
    assert ask(url, "SELECT x FROM kept") == 1


@pytest.mark.parametrize("mode", ["fast", "immediate", "smart"])
def test_every_way_to_stop(folder, mode):
    database = Database.start(folder / "db", settings=SMALL)
    pid = database.service.pid
    database.stop(mode)
    assert not alive(pid)
    database.stop()  # twice does no harm


def test_a_copy_of_a_frozen_template_and_dropping_it_under_a_connection(server):
    if not isinstance(server, Database):
        pytest.skip("tests the embedded server, another one is set")
    with psycopg.connect(server.create("mould"), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION timescaledb")
        connection.execute("CREATE TABLE shape (x int)")
    server.freeze("mould")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url("mould"))
    url = server.create("cast", template="mould")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM shape").fetchone() == (0,)
        server.drop("cast")
        with pytest.raises(psycopg.errors.AdminShutdown):
            connection.execute("SELECT 1")
    assert not server.exists("cast")


def test_two_servers_at_once_and_one_folder_only_once(folder, monkeypatch):
    monkeypatch.setattr("standalone.services.process.LOCK_PATIENCE", 0.3)
    with Database.start(folder / "a", settings=SMALL) as one, Database.start(folder / "b", settings=SMALL) as two:
        assert one.port != two.port
        with pytest.raises(ServiceInUseError, match="in use by another process"):
            Database.start(folder / "a", settings=SMALL)
        assert ask(one.url("postgres"), "SELECT 1") == 1


def test_a_taken_port_is_named(folder, broker):
    with pytest.raises(ServiceStartError, match=f"port {broker.port} is taken"):
        Database.start(folder / "db", port=broker.port, settings=SMALL)
    with pytest.raises(ServiceStartError, match=f"port {broker.port} is taken"):
        Broker.start(folder / "mq", port=broker.port)


def test_a_wrong_setting_shows_postgresql_s_own_words(folder):
    with pytest.raises(ServiceStartError, match="unrecognized configuration parameter"):
        Database.start(folder / "db", settings={**SMALL, "no_such_setting": "1"})
    assert not working_in(folder / "db" / "data", "postgres")


def test_a_wrong_broker_line_shows_mosquitto_s_own_words(folder):
    with pytest.raises(ServiceStartError, match="no_such_option"):
        Broker.start(folder / "mq", options=BrokerOptions(lines=("no_such_option 1",)))


def test_a_half_made_data_folder_is_made_again(empty_folder):
    (empty_folder / "db" / "data.new" / "base").mkdir(parents=True)
    with Database.start(empty_folder / "db", settings=SMALL) as database:
        assert ask(database.url("postgres"), "SELECT 1") == 1


def test_data_of_another_major_version_is_refused_in_words(folder):
    Database.start(folder / "db", settings=SMALL).stop()
    (folder / "db" / "data" / "PG_VERSION").write_text("13\n")
    with pytest.raises(ServiceStartError, match=r"PostgreSQL 13's.*pg_upgrade"):
        Database.start(folder / "db", settings=SMALL)


def test_another_timescaledb_version_since_the_last_start_is_followed(folder):
    with Database.start(folder / "db", settings=SMALL) as database:
        with psycopg.connect(database.create("nongvu"), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION timescaledb")
        version = ask(database.url(), "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
    mark = folder / "db" / "timescaledb"
    assert mark.read_text().strip() == version
    mark.write_text("2.18.0\n")
    with Database.start(folder / "db", settings=SMALL) as again:
        assert mark.read_text().strip() == version
        assert ask(again.url(), "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'") == 1


def test_a_pid_file_naming_another_program_does_not_stop_us(folder):
    Database.start(folder / "db", settings=SMALL).stop()
    data = folder / "db" / "data"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1700000000\n5432\n\n127.0.0.1\n\nready\n")
    with Database.start(folder / "db", settings=SMALL) as database:
        assert ask(database.url("postgres"), "SELECT 1") == 1


def test_an_orphaned_server_is_ended_before_ours_starts(folder):
    database = Database.start(folder / "db", settings=SMALL)
    command = Path(f"/proc/{database.service.pid}/cmdline").read_bytes().split(b"\0")[:-1]
    database.stop()
    who = account()
    orphan = subprocess.Popen(  # without any guard
        command, user=who.uid, group=who.gid, cwd=database.folder, stderr=subprocess.DEVNULL, start_new_session=True
    )
    wait_until(lambda: working_in(database.data, "postgres"))
    with Database.start(folder / "db", settings=SMALL) as ours:
        assert orphan.wait(10) is not None
        assert ask(ours.url("postgres"), "SELECT 1") == 1


def test_a_log_that_somebody_took_away_ends_nothing(own_broker):
    (own_broker.folder / "server.log").unlink()
    time.sleep(2.5)  # the guard looks every second
    assert own_broker.running


def test_a_shell_standing_in_the_data_folder_is_left_alone(folder):
    data = folder / "data"
    data.mkdir()
    with subprocess.Popen(["sleep", "60"], cwd=data) as bystander:
        tidy(data)
        assert alive(bystander.pid)
        bystander.kill()


OWNER = """
import json, sys, time
from pathlib import Path
from standalone.services import Broker, BrokerOptions, Database
folder = Path(sys.argv[1])
database = Database.start(folder / "db", settings=json.loads(sys.argv[2]))
broker = Broker.start(folder / "mq", options=BrokerOptions(allow_anonymous=True))
print(json.dumps([database.service.pid, broker.service.pid, database.service._guard.pid, broker.service._guard.pid]), flush=True)
time.sleep(600)
"""


def start_owner(folder, **options):
    command = [sys.executable, "-c", OWNER, str(folder), json.dumps(SMALL)]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, **options)
    line = owner.stdout.readline()
    assert line, "the owner did not start its services"
    return owner, json.loads(line)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_runs_on_after_its_owner(folder, number):
    owner, pids = start_owner(folder, stderr=subprocess.DEVNULL)
    with owner:
        family = [pid for first in pids for pid in processes(first)]
        owner.send_signal(number)
        owner.wait(10)
    wait_until(lambda: not any(map(alive, family)))
    log = (folder / "db" / "server.log").read_text()
    assert "database system is shut down" in log  # in order, no recovery needed next time


def test_nothing_runs_on_after_its_guard(folder):
    owner, (database, broker, *guards) = start_owner(folder)
    with owner:
        for guard in guards:
            os.kill(guard, signal.SIGKILL)
        wait_until(lambda: not alive(database) and not alive(broker))
        owner.kill()


def test_broker_takes_and_gives_messages_and_keeps_them_over_a_kill(own_broker, topic):
    got = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="keeper", protocol=mqtt.MQTTv5)
    publish(own_broker.port, topic, b"before", retain=True)
    time.sleep(1.5)  # the broker's autosave is one second here
    own_broker.kill()
    assert not own_broker.running()
    own_broker.restart()
    client.on_message = lambda _client, _data, message: got.append(message.payload)
    client.connect("127.0.0.1", own_broker.port)
    client.subscribe(topic, qos=1)
    client.loop_start()
    wait_until(lambda: got == [b"before"])
    client.loop_stop()
    client.disconnect()


def publish(port, topic, payload, *, retain=False, name=None, password=None):
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    refused = []
    client.on_connect = lambda _client, _data, _flags, reason, _more: refused.append(reason.is_failure)
    if name:
        client.username_pw_set(name, password)
    client.connect("127.0.0.1", port)
    client.loop_start()
    wait_until(lambda: refused)
    if not refused[0]:
        client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)
    client.loop_stop()
    client.disconnect()
    return not refused[0]


def test_broker_refuses_strangers_unless_told_otherwise(folder):
    words = folder / "passwords"
    words.touch()
    subprocess.run([program("mosquitto_passwd"), "-b", words, "gateway", "word"], check=True, capture_output=True)
    with Broker.start(folder / "mq", options=BrokerOptions(password_file=give(words))) as broker:
        assert broker.url == f"mqtt://127.0.0.1:{broker.port}"
        assert not publish(broker.port, "a", b"1")
        assert not publish(broker.port, "a", b"1", name="gateway", password="guessed")
        assert publish(broker.port, "a", b"1", name="gateway", password="word")


def test_broker_with_dynamic_security(folder):
    rules = folder / "dynamic-security.json"
    order = [program("mosquitto_ctrl"), "dynsec", "init", rules, "chief", "word"]
    subprocess.run(order, check=True, capture_output=True)
    place = folder / "mq" / "data"
    place.mkdir(parents=True)
    kept = give(Path(shutil.move(rules, place / rules.name)))
    with Broker.start(folder / "mq", options=BrokerOptions(dynamic_security=kept)) as broker:
        assert not publish(broker.port, "a", b"1")
        assert publish(broker.port, "$CONTROL/dynamic-security/v1", b"{}", name="chief", password="word")
        talk = [program("mosquitto_ctrl"), "-p", str(broker.port), "-u", "chief", "-P", "word", "dynsec"]
        subprocess.run([*talk, "createClient", "gateway", "-p", "other"], check=True, capture_output=True)
        assert publish(broker.port, "a", b"1", name="gateway", password="other")
        broker.restart()
        assert publish(broker.port, "a", b"1", name="gateway", password="other")  # the plug-in wrote its file


def test_programs_of_one_installation(own_server):
    for name in ("pg_dump", "pg_restore", "pg_basebackup", "psql", "mosquitto_passwd", "mosquitto_ctrl"):
        done = subprocess.run([program(name), "--help"], check=False, capture_output=True, text=True)
        assert name.removeprefix("pg_") in (done.stdout + done.stderr), name
    assert programs().dynamic_security.is_file()
    assert str(program("psql").parent) in program_environment()["NONGVU_PROGRAMS"].split(os.pathsep)
    with pytest.raises(FileNotFoundError, match="no program pg_nothing"):
        program("pg_nothing")
    own_server.create("nongvu")
    dumped = subprocess.run([program("pg_dump"), own_server.url()], check=True, capture_output=True, text=True).stdout
    assert "PostgreSQL database dump complete" in dumped


def test_pg_basebackup_may_connect(own_server, folder):
    order = [program("pg_basebackup"), "-d", own_server.url("postgres"), "-D", folder / "copy", "--checkpoint=fast"]
    subprocess.run(order, check=True, capture_output=True)
    assert (folder / "copy" / "PG_VERSION").exists()


def test_second_start_fetches_nothing(empty_folder):
    if not is_complete(program("postgres").parents[5]):
        pytest.skip("the system's own programs are used here")
    said = []
    started = time.monotonic()
    fetched_root(cache_folder(), say=said.append)
    with Database.start(empty_folder / "db", settings=SMALL), Broker.start(empty_folder / "mq"):
        assert time.monotonic() - started < 20  # seconds; one or two on an idle machine
    assert said == []


def test_free_ports_are_below_the_outgoing_ones():
    assert all(20_000 <= free_port() <= 32_000 for _ in range(20))


AS_ANOTHER = """
import os, sys
from pathlib import Path
from standalone.services import Broker, BrokerOptions, Database, temporary_folder
import psycopg
assert os.geteuid() != 0
with temporary_folder() as folder, Database.start(folder / "db", settings={"shared_buffers": "32MB"}) as database:
    with Broker.start(folder / "mq", options=BrokerOptions(allow_anonymous=True)), \\
            psycopg.connect(database.url("postgres")) as connection:
        print(connection.execute("SELECT 'works'").fetchone()[0])
"""


def test_as_an_ordinary_user_with_a_cache_that_only_root_may_write(folder):
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else; the other tests have run as an ordinary user")
    nobody = pwd.getpwnam("nobody")
    # The interpreter and the project may lie in root's closed home: hand over what is needed.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "NONGVU_CACHE": str(cache_folder()),
        "PYTHONPATH": os.pathsep.join([str(ROOT), *(path for path in sys.path if "site-packages" in path)]),
    }
    (folder / "home").mkdir()
    os.chown(folder / "home", nobody.pw_uid, nobody.pw_gid)
    interpreter = next(
        (path for path in (sys.executable, "/usr/bin/python3.11", "/usr/bin/python3") if usable(path, nobody)), None
    )
    if interpreter is None:
        pytest.skip("no interpreter of this version that an ordinary user can reach")
    done = subprocess.run(
        [
            "setpriv",
            f"--reuid={nobody.pw_uid}",
            f"--regid={nobody.pw_gid}",
            "--clear-groups",
            interpreter,
            "-c",
            AS_ANOTHER,
        ],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        cwd="/",
        timeout=120,
    )
    assert done.stdout.strip() == "works", done.stderr


def usable(interpreter, user):
    check = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    try:
        done = subprocess.run([interpreter, "-c", check], user=user.pw_uid, group=user.pw_gid, cwd="/", check=False)
    except OSError:
        return False
    return done.returncode == 0


def test_root_is_told_when_the_services_cannot_enter_the_folder(folder):
    if os.geteuid() != 0:
        pytest.skip("an ordinary user's services run as that user")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    assert not is_reachable(closed)
    with pytest.raises(ServicesUnavailableError, match=f"cannot enter {closed}"):
        Database.start(closed / "db")


def test_the_cache_of_root_can_be_entered_by_all(monkeypatch, folder):
    if os.geteuid() != 0:
        pytest.skip("an ordinary user's cache is that user's own")
    (folder / "home").mkdir(mode=0o700)
    monkeypatch.delenv("NONGVU_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "home"))
    assert is_reachable(cache_folder())
