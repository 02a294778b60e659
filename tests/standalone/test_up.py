"""`nongvu up`: everything in a folder that stays; `nongvu doctor` says whether all is well."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest

from standalone.database_access import PROCESSES
from standalone.services import free_port, temporary_folder

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("replay")]


def nongvu(*arguments, **environment):
    own = {name: value for name, value in os.environ.items() if not name.startswith("NONGVU_")}
    command = [sys.executable, "-m", "nongvu", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, env=own | environment)


def signed_in(url):
    """Users by which each process speaks to the database, told by the name it gives itself."""
    found = {}
    with psycopg.connect(url) as connection:
        for name, user in connection.execute(
            "SELECT application_name, usename FROM pg_stat_activity WHERE datname = 'nongvu' AND pid <> pg_backend_pid()"
        ).fetchall():
            if (process := name.removeprefix("nongvu-").split("-")[0]) in PROCESSES:
                found.setdefault(process, set()).add(user)
    return found


def settings(folder):
    lines = (folder / "environment").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line.startswith("NONGVU_"))


class Up:
    """A running ``nongvu up``."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        broker = str(free_port())
        command = [sys.executable, "-m", "nongvu", "up", "--folder", str(folder), "--port", str(self.port),
                   "--broker-port", broker]  # fmt: skip
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def wait(self, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.process.stderr.read()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                    return json.load(answer)
            except OSError:
                time.sleep(0.2)
        raise AssertionError("the page did not come")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=60)[1]
        return self.process.returncode, said


@pytest.fixture
def folder():
    with temporary_folder() as made:
        yield made / "farm"


def test_it_runs_stays_and_is_examined(folder):
    running = Up(folder)
    try:
        assert running.wait()["status"] == "well"
        given = settings(folder)
        assert (folder / "environment").stat().st_mode & 0o077 == 0
        for command in (
            ["place", "add", "my-commune", "commune", "Xã của tôi"],
            ["place", "add", "my-station", "station", "Trạm của tôi", "--parent", "my-commune"],
            ["gateway", "add", "my-gateway", "--station", "my-station"],
        ):
            done = nongvu(*command, **given)
            assert done.returncode == 0, done.stderr
        deadline = time.monotonic() + 20
        while not (folder / "secrets" / "my-gateway").exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert (folder / "secrets" / "my-gateway").stat().st_mode & 0o077 == 0
        before = (folder / "secrets" / "my-gateway").read_text()
        (folder / "secrets" / "my-gateway").unlink()  # how a password is changed here
        deadline = time.monotonic() + 60
        while not (folder / "secrets" / "my-gateway").exists():
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert (folder / "secrets" / "my-gateway").read_text() != before
        copy = subprocess.run(
            ["sh", "-c", f"set -a; . {folder}/environment; exec {sys.executable} -m nongvu store backup {folder}/copy"],
            capture_output=True, text=True, cwd=ROOT,
        )  # fmt: skip
        assert copy.returncode == 0, copy.stderr
        looked = nongvu("doctor", "--folder", str(folder), "--json")
        findings = {finding["subject"]: finding for finding in json.loads(looked.stdout)}
        assert looked.returncode == 0, looked.stdout
        assert findings["api"]["grade"] == findings["broker"]["grade"] == findings["analytics"]["grade"] == "fine"
        assert findings["gateway my-gateway"]["grade"] == "note"  # never heard of
        assert signed_in(given["NONGVU_DATABASE_URL"]) == {name: {name} for name in PROCESSES}
    finally:
        code, said = running.stop()
    assert code == 0, said
    again = Up(folder)  # what was entered is still there
    try:
        again.wait()
        listed = nongvu("place", "list", "--json", **settings(folder))
        assert "my-station" in listed.stdout
    finally:
        assert again.stop()[0] == 0


def test_the_doctor_names_what_is_wrong_and_what_to_do(folder):
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/nongvu"
    looked = nongvu("doctor", "--folder", str(folder), "--json", NONGVU_DATABASE_URL=url,
                    NONGVU_MQTT_URL=f"mqtt://127.0.0.1:{free_port()}", NONGVU_NOTIZ="x")  # fmt: skip
    assert looked.returncode == 1
    findings = {finding["subject"]: finding for finding in json.loads(looked.stdout)}
    for subject in ("database", "broker"):
        assert findings[subject]["grade"] == "wrong"
        assert findings[subject]["remedy"]
    assert "NONGVU_NOTIZ" in findings["settings"]["says"]
