"""`/metrics` of each process, really asked for; together they have every metric that an alert rule names."""

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

from standalone.services import free_port

RULES = Path(__file__).parents[2] / "deployment" / "prometheus" / "rules.yaml"
PROCESSES = ("ingest", "analytics", "notify", "api")
PREFIXES = {name: f"nongvu_{name}_" for name in PROCESSES}

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def running(name, port, settings, log):
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "nongvu", name, "run"],
            env=settings | {"NONGVU_METRICS_PORT": str(port)},
            stderr=file,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def served(process, port, log):
    deadline = time.monotonic() + 90
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


def test_each_process_serves_its_metrics(database, broker, tmp_path):
    settings = {name: value for name, value in os.environ.items() if not name.startswith("NONGVU_")} | {
        "NONGVU_DATABASE_URL": database, "NONGVU_MQTT_URL": broker.url, "NONGVU_API_PORT": str(free_port()),
        "NONGVU_MESSAGES": str(tmp_path / "messages"),
    }  # fmt: skip
    ports = {name: free_port() for name in PROCESSES}
    said = {}
    with contextlib.ExitStack() as stack:
        logs = {name: tmp_path / f"{name}.log" for name in PROCESSES}
        processes = {name: stack.enter_context(running(name, ports[name], settings, logs[name])) for name in PROCESSES}
        for name in PROCESSES:
            said[name] = served(processes[name], ports[name], logs[name])
    for name, text in said.items():
        assert f"# HELP {PREFIXES[name]}" in text, name
    known = set(re.findall(r"^# HELP (nongvu_\w+)", "\n".join(said.values()), re.MULTILINE))
    named = {
        re.sub(r"_(bucket|sum|count)$", "", metric)
        for group in yaml.safe_load(RULES.read_text())["groups"]
        for rule in group["rules"]
        for metric in re.findall(r"nongvu_\w+", rule["expr"])
    }
    assert {name for name in named if name not in known and f"{name}_total" not in known} == set()
