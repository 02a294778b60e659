"""A deployment as its files describe it, run as plain processes: what they give a process is all that it has.

A process gets the environment, secrets and folders of its service or unit and nothing else (no variable is inherited).
What is rewritten, since containers and units are not at hand, is only this:

- names of other services (`database:5432`, `broker:8883`, …) become addresses here, and only where both are on one network;
- `/run/secrets` becomes a folder with the secrets that this service has, and no others; volumes become folders;
- ports become free ones, and an address outside becomes the local stand-in for the internet, where the service has a
  network that leads out; else one where nobody answers.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standalone.services import Database, free_port, programs
from standalone.services.folders import account, claim
from standalone.services.process import Service

ROOT = Path(__file__).parents[2]
#: What the province writes into the file of routes: a service outside.
OUTSIDE = "https://sms.lang-son.example"
ROUTES = f"""
[[route]]
name = "service"
provider = "http"
[route.options]
url = "{OUTSIDE}/send"
body = {{ to = "{{number}}", text = "{{text}}", reference = "{{reference}}" }}
answer = {{ code = "code", ok = ["00"] }}
"""
#: Where the image has its programs: this environment's own.
PROGRAMS = Path(sys.executable).parent


class Outside:
    """The internet, as far as messages go: a service that takes them."""

    def __init__(self):
        taken = self.taken = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                body = b'{"code": "00"}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Process:
    """A command that runs until it is stopped; its output goes to a file."""

    def __init__(self, name, command, environment, folder, log):
        self.name, self.log = name, log
        found = shutil.which(command[0], path=environment["PATH"])
        assert found, f"{name}: there is no {command[0]} on its path"
        with log.open("ab") as handle:
            self.process = subprocess.Popen(
                [found, *command[1:]],
                env=environment,
                cwd=folder,
                stdout=handle,
                stderr=handle,
                stdin=subprocess.DEVNULL,
            )

    def said(self):
        return self.log.read_text(errors="replace")

    def ended(self, within=60):
        """Its exit code, once it ends by itself."""
        return self.process.wait(within)

    def alive(self):
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.said()[-3000:]}"
        return True

    def stop(self, within=40):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                return self.process.wait(within)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


class Ground:
    """What stands outside of the files: a database server, a broker on the files' own configuration, the internet."""

    def __init__(self, folder, owner_url):
        self.folder, self.owner_url = folder, owner_url
        self.outside = Outside()
        self.database = owner_url.rpartition("@")[2].partition("?")[0]  # host:port/name
        self.ports = {"broker": free_port(), "api": free_port(), "metrics": {}}
        self.secrets = folder / "secrets"
        self.broker = None

    def make_secrets(self, host):
        self.secrets.mkdir()
        environment = {"PATH": os.environ["PATH"], "NONGVU_SECRETS": str(self.secrets), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(ROOT / "deployment/make_secrets.py"), host]
        subprocess.run(command, check=True, env=environment, capture_output=True)

    def start_broker(self, configuration):
        """mosquitto by the text of its configuration, as an unprivileged user."""
        place = self.folder / "broker"
        file = place / "mosquitto.conf"
        file.write_text(configuration)
        self.broker = Service(place, account(), signal.SIGTERM, grace=15.0)
        self.broker.start([str(programs().path("mosquitto")), "-c", str(file)], self._listens)

    def _listens(self):
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", self.ports["broker"])) == 0

    def broker_data(self):
        """The broker's folder, with the plugin's first file in it, as the deployment's own start makes it."""
        place = self.folder / "broker"
        place.mkdir(exist_ok=True)
        data = place / "data"
        data.mkdir(exist_ok=True)
        shutil.copy(self.secrets / "dynamic-security.json", data / "dynamic-security.json")
        claim(data, account())
        owner = account()
        if owner.uid is not None:
            os.chown(data / "dynamic-security.json", owner.uid, owner.gid)
        for folder in (self.folder, *self.folder.parents):
            if folder.is_relative_to("/tmp") or folder.is_relative_to("/dev/shm"):
                folder.chmod(folder.stat().st_mode | 0o011)
        return data

    def owner(self, text):
        """A database address of the deployment as it is here; its owner is this server's."""
        user = text.partition("://")[2].partition(":")[0]
        if user == "nongvu_owner":
            return self.owner_url
        return f"{text.rpartition('@')[0]}@{self.database}"

    def voices(self):
        """Programs that speak, where this machine has none: the image and the documents install the real ones."""
        found = self.folder / "voices"
        if shutil.which("espeak-ng") and shutil.which("ffmpeg"):
            return []
        found.mkdir(exist_ok=True)
        body = "#!/bin/sh\ncat >/dev/null\nprintf 'RIFF....WAVEfmt ....data....sound'\n"
        for name in ("espeak-ng", "ffmpeg"):
            (found / name).write_text(body)
            (found / name).chmod(0o755)
        return [str(found)]

    def close(self):
        self.outside.close()
        if self.broker is not None:
            self.broker.stop()


def until(holds, seconds=30.0, say=lambda: "", pause=0.1):
    """Wait until something holds, and return it."""
    end = time.monotonic() + seconds
    while True:
        if found := holds():
            return found
        assert time.monotonic() < end, f"did not happen in time {say()}"
        time.sleep(pause)


__all__ = ["OUTSIDE", "PROGRAMS", "ROOT", "ROUTES", "Database", "Ground", "Outside", "Process", "until"]
